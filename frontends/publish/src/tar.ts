// Members of a tar archive: POSIX ustar, and pax (IEEE 1003.1-2001) for names that are long or not ASCII.

const BLOCK = 512;
const NAME_BYTES = 100;

export const tarPadding = (bytes: number): Buffer => Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);

export const tarEnd: Buffer = Buffer.alloc(2 * BLOCK);

/** Where each field of a header begins, and its text. Numbers are octal and end with a NUL. */
function block(name: string, bytes: number, type: string): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, NAME_BYTES, 'latin1');
  header.write(octal(0o644, 7), 100); // mode
  header.write(octal(0, 7), 108); // owner
  header.write(octal(0, 7), 116); // group
  header.write(octal(bytes, 11), 124); // size
  header.write(octal(0, 11), 136); // time
  header.write(' '.repeat(8), 148); // the sum is made with blanks in its place
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  return header;
}

/** "LENGTH path=NAME\n", where the length counts its own digits. */
function paxRecord(name: string): Buffer {
  const text = ` path=${name}\n`;
  const rest = Buffer.byteLength(text);
  let length = rest;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return Buffer.from(`${length}${text}`);
}

/** What comes before a file's bytes; `tarPadding` comes after them. */
export function tarHeader(name: string, bytes: number): Buffer {
  const plain = name.replace(/[^\x20-\x7e]/g, '_');
  if (plain === name && name.length <= NAME_BYTES) return block(name, bytes, '0');
  const record = paxRecord(name);
  return Buffer.concat([block('PaxHeader', record.length, 'x'), record, tarPadding(record.length), block(plain.slice(0, NAME_BYTES), bytes, '0')]);
}
