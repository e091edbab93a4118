/** A refusal in the words of the simulated service. */
export class FormError extends Error {
  override readonly name = 'FormError';
}

/**
 * The content of the one part of a `multipart/form-data` body, which must be named `file` and have a file name.
 * A view of the body, not a copy. @throws {FormError} when the form is any other
 */
export function readForm(contentType: string | undefined, body: Buffer): Buffer {
  const [, boundary] =
    /^multipart\/form-data;\s*boundary="?([^"\s;]{1,70})"?$/i.exec(contentType ?? '') ?? [];
  if (boundary === undefined)
    throw new FormError('Content-Type must be multipart/form-data with a boundary.');
  const open = `--${boundary}\r\n`;
  const close = `\r\n--${boundary}--`;
  if (body.subarray(0, open.length).toString('latin1') !== open)
    throw new FormError('The form does not begin with its boundary.');
  const headEnd = body.indexOf('\r\n\r\n');
  if (headEnd < 0) throw new FormError('The part has no header.');
  const head = body.subarray(open.length, headEnd).toString('utf8');
  const [, disposition] = /^content-disposition:\s*form-data;(.*)$/im.exec(head) ?? [];
  if (!/;?\s*name="file"/.test(disposition ?? '')) throw new FormError('The part is not named file.');
  if (!/filename="[^"]+"/.test(disposition ?? '')) throw new FormError('The part has no file name.');
  const start = headEnd + 4;
  const end = body.indexOf(`\r\n--${boundary}`, start - 2);
  if (end < 0) throw new FormError('The form does not end with its boundary.');
  const rest = body.subarray(end).toString('latin1');
  if (rest !== close && rest !== `${close}\r\n`) throw new FormError('The form must have exactly one part.');
  return body.subarray(start, Math.max(start, end));
}
