/** drachtio-srf pings servers of v0.8.2 and later only, and reads the version with `/^v(\d+)\.(\d+)\.(\d+)/`. */
export const VERSION = 'v0.9.4-embedded';
