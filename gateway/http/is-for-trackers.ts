/** jQuery adds `_` to pass by caches; campaigns and social networks add the others to every link that passes through them. */
const FOR_TRACKERS = /^(_|utm_\w{1,40}|gclid|fbclid|msclkid)$/;

/** Is this parameter of an address for somebody else? None of ours is called like that. */
export const isForTrackers = (name: string): boolean => FOR_TRACKERS.test(name);
