const APP_NAME = /^[a-z0-9-]{1,31}$/;

/** Whether a text can name an app: it stands in a word of the Fleet contract, in host names and in labels. */
export function isAppName(text: string): boolean {
  return APP_NAME.test(text);
}
