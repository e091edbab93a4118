/**
 * Whether a blob of this name can be asked for. A `.` or `..` between slashes can be stored and is listed, but an address with it
 * is resolved to another place, of another container even.
 */
export const isAddressable = (name: string): boolean => !/(?:^|\/)\.{1,2}(?:\/|$)/u.test(name);
