/** Where the daemon's socket is, and how one takes the place of a daemon that died. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { TempressError } from "../errors.ts";

/** `sun_path` has room for 108 bytes, the last one 0; the daemon first binds a name that is longer by nine. */
const MOST_PATH_BYTES = 95;
const SECRET_BYTES = 32;

/** The owner's folder for sockets: $XDG_RUNTIME_DIR/tempress, else ~/.cache/tempress. */
export function runtimeFolder(): string {
  const { XDG_RUNTIME_DIR, XDG_CACHE_HOME } = process.env;
  const base = XDG_RUNTIME_DIR || XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "tempress");
}

/** $TEMPRESS_SOCKET, else `daemon.sock` in the owner's folder. A name that begins with @ is abstract. */
export function defaultSocket(): string {
  return process.env.TEMPRESS_SOCKET || join(runtimeFolder(), "daemon.sock");
}

/** What net takes: "@name" is Linux's abstract name. */
export function addressOf(socket: string): string {
  return socket.startsWith("@") ? `\0${socket.slice(1)}` : socket;
}

/**
 * Abstract names have no owner: who connects must know what only the owner can read, a file beside the sockets.
 * @throws TempressError "invalid-argument" for a name that is no name of a file
 */
export function secretFile(socket: string): string {
  const name = socket.slice(1);
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(name)) return join(runtimeFolder(), `${name}.secret`);
  throw new TempressError("invalid-argument", `"${socket}" cannot be an abstract name`, {
    where: "socket",
    hint: "use 1 to 64 letters, digits, dots, - and _ behind the @",
  });
}

export function isSecret(given: Uint8Array | undefined, secret: Uint8Array): boolean {
  return given !== undefined && given.length === secret.length && timingSafeEqual(given, secret);
}

export interface Listening {
  /** Clients must tell it; undefined where the file's permissions do. */
  readonly secret: Uint8Array | undefined;
  /** Removes what was made, if it is still ours. The server is closed by the caller. */
  remove(): void;
}

/**
 * Makes `server` listen where only this user can connect.
 * @throws TempressError "io" when another daemon listens there, or the folder is open to others
 */
export async function listenOn(server: net.Server, socket: string): Promise<Listening> {
  if (socket.startsWith("@")) return await listenAbstract(server, socket);
  if (Buffer.byteLength(socket) > MOST_PATH_BYTES) {
    throw wrong(socket, `the path is longer than ${MOST_PATH_BYTES} bytes`, "choose a shorter --socket");
  }
  ownFolder(dirname(socket));
  // Bound under a name of its own and then linked: a link that exists is an error, so only one daemon gets it.
  const own = `${socket}.${randomBytes(4).toString("hex")}`;
  await listening(server, own);
  fs.chmodSync(own, 0o600);
  const { ino } = fs.lstatSync(own);
  try {
    await takeName(own, socket);
  } finally {
    fs.rmSync(own, { force: true });
  }
  return {
    secret: undefined,
    remove: () => {
      if (fs.lstatSync(socket, { throwIfNoEntry: false })?.ino === ino) fs.rmSync(socket, { force: true });
    },
  };
}

async function takeName(own: string, socket: string): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    try {
      fs.linkSync(own, socket);
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") {
        throw wrong(socket, `the socket cannot be made: ${(cause as Error).message}`, "choose another --socket", cause);
      }
    }
    const found = fs.lstatSync(socket, { throwIfNoEntry: false });
    if (!found) continue;
    if (!found.isSocket()) throw wrong(socket, "this is no socket", "choose another --socket");
    if (await answers(socket)) throw wrong(socket, "a daemon serves here already", "see tempress serve --status");
    // Stale: its daemon died. It is moved away first, since another daemon may replace it at this moment.
    const aside = `${own}.stale`;
    try {
      fs.renameSync(socket, aside);
    } catch {
      continue;
    }
    const moved = fs.lstatSync(aside);
    if (moved.ino !== found.ino) {
      try {
        fs.linkSync(aside, socket);
      } catch {
        // A third one has the name by now.
      }
    }
    fs.rmSync(aside, { force: true });
  }
  throw wrong(socket, "the socket changes all the time", "stop the other daemons");
}

async function listenAbstract(server: net.Server, socket: string): Promise<Listening> {
  if (process.platform !== "linux") throw wrong(socket, "only Linux has abstract names", "give a path");
  const file = secretFile(socket);
  ownFolder(dirname(file));
  await listening(server, addressOf(socket));
  const secret = randomBytes(SECRET_BYTES);
  // Replaced as a whole: a client reads the old one or the new one.
  const fresh = `${file}.${randomBytes(4).toString("hex")}`;
  fs.writeFileSync(fresh, secret, { mode: 0o600, flag: "wx" });
  fs.renameSync(fresh, file);
  return { secret, remove: () => fs.rmSync(file, { force: true }) };
}

function listening(server: net.Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const name = address.replace("\0", "@");
      const taken = cause.code === "EADDRINUSE";
      reject(
        wrong(
          name,
          taken ? "a daemon serves here already" : `the socket cannot be made: ${cause.message}`,
          taken ? "see tempress serve --status" : "choose another --socket",
          cause,
        ),
      );
    });
    server.listen({ path: address, backlog: 1024 }, resolve);
  });
}

/** Makes the folder for this user alone, or checks that it is. */
function ownFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw wrong(folder, `the folder cannot be made: ${(cause as Error).message}`, "choose another --socket", cause);
  }
  const found = fs.statSync(folder);
  if (found.uid === process.geteuid?.() && (found.mode & 0o077) === 0) return;
  throw wrong(folder, "other users can enter this folder", "chmod 700 it, or choose another --socket");
}

/** Whether somebody accepts connections there. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(addressOf(socket));
    const end = (alive: boolean) => {
      probe.destroy();
      resolve(alive);
    };
    probe.once("connect", () => end(true));
    // A queue of connections that is full belongs to somebody who is alive.
    probe.once("error", (error: NodeJS.ErrnoException) => end(error.code === "EAGAIN"));
  });
}

function wrong(where: string, message: string, hint: string, cause?: unknown): TempressError {
  return new TempressError("io", message, { where, hint, ...(cause === undefined ? {} : { cause }) });
}
