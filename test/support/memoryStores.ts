/** The three ports in memory, with the rules of the real services and a hook to break every call. */
export type { FaultHook } from './faultHook.ts';
export { MemoryBlobs } from './memoryBlobs.ts';
export { MemoryQueue } from './memoryQueue.ts';
export { MemoryTable } from './memoryTable.ts';
