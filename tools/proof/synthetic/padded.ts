/** The body of an event, a JSON object, with a member more that nobody reads, of that many bytes. */
export function padded(body: Buffer, bytes: number): Buffer {
  return Buffer.concat([body.subarray(0, -1), Buffer.from(`,"padding":"${'x'.repeat(bytes)}"}`)]);
}
