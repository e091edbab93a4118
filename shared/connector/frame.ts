import type { MultipartFrame } from './types.ts';

/**
 * The bytes around the delimited text: one part named `file`, with a fixed file name, since an export's own may hold what
 * a header may not. `boundary` must not occur in any export: take 16 random bytes or more in hex.
 */
export function multipartFrame(boundary: string): MultipartFrame {
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    head: Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="records.txt"\r\nContent-Type: text/plain\r\n\r\n`,
    ),
    tail: Buffer.from(`\r\n--${boundary}--\r\n`),
  };
}
