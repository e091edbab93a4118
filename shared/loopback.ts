const HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a URL points at this machine, where plain http and fixed tokens are allowed. */
export const isLoopback = ({ hostname }: URL): boolean => HOSTS.has(hostname);
