// What an authenticator app and a mailbox do for a person, for tests with the program: codes, and the links of mails.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_S = 30;

/** The code of a secret (RFC 6238). `ahead` counts half minutes: a code is good once, so the next attempt needs the next one. */
export function codeOf(secret, ahead = 0) {
  let bits = "";
  for (const letter of secret.replaceAll(/[\s=]/g, "")) bits += ALPHABET.indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 / STEP_S) + ahead));
  const digest = crypto.createHmac("sha1", key).update(counter).digest();
  const offset = digest.at(-1) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** The mails that the program keeps as files. */
export function mailbox(data) {
  const folder = path.join(data, "mail");
  const taken = new Set();
  const words = (file) =>
    fs
      .readFileSync(path.join(folder, file), "utf8")
      .replaceAll(/=\r?\n/g, "")
      .replaceAll(/=([\dA-F]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return {
    /** Waits for the next mail to somebody with a link to this page, and answers the path of the link. */
    async link(to, page) {
      const pattern = new RegExp(`/${page}\\?token=[\\w.~-]+`);
      for (let tries = 0; tries < 200; tries++) {
        const files = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
        for (const file of files.filter((name) => name.endsWith(".eml") && !taken.has(name))) {
          const text = words(file);
          const found = pattern.exec(text);
          if (!found || !text.slice(0, 2000).includes(to)) continue;
          taken.add(file);
          return found[0];
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`no mail with a link to ${page} came for ${to}`);
    },
  };
}
