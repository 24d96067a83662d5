/** Which names are of our data set. TLC names its files `<data set>_tripdata_<month>.parquet`. */

/** The first word of other data sets' names. */
const OTHERS = /^(green|fhv|fhvhv|hvfhv|hvfhs)[ _-]/i;

export interface FilePattern {
  /** As it was written; undefined where every name but those of TLC's other data sets is ours. */
  text: string | undefined;
  /** @returns why a file of this name is not of our data set; undefined when it is */
  mistakeIn(filename: string): string | undefined;
}

export const ANY_BUT_OTHERS: FilePattern = {
  text: undefined,
  mistakeIn(filename) {
    const [, name] = OTHERS.exec(filename) ?? [];
    if (name === undefined) return undefined;
    return `by its name it is of the data set ${name.toLowerCase()}, not of yellow: accept loads it nevertheless, FILE_PATTERN says which names are meant`;
  },
};

/** @param text of a name, with `*` for any characters and `?` for one; upper and lower case are the same */
export function filePattern(text: string): FilePattern {
  const escaped = text.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replaceAll(/\*+/g, '.*').replaceAll('?', '.')}$`, 'is');
  return {
    text,
    mistakeIn: (filename) =>
      pattern.test(filename)
        ? undefined
        : `its name is none that FILE_PATTERN (${text}) means: accept loads it nevertheless`,
  };
}
