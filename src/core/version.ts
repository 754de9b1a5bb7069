/** Of this package; a test compares it with package.json, which a bundle does not read at each start. */
export const VERSION = '0.1.0'
