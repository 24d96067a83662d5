/** Redis channel on which the publisher's worker tells every gateway the sequence it has just published. */
export const PUBLICATIONS_CHANNEL = 'tripline:publications';
