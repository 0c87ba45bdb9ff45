/** The same hexadecimal but for its last digit: what somebody else changed a little. */
export const bent = (hex: string): string => `${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}`;
