import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PeerProcess, peerFolder } from './peer-process.ts';

const shell = (script: string): PeerProcess => new PeerProcess('sh', ['-c', script], peerFolder('test'));

test('lines are awaited by their number, prompts included', async () => {
  const peer = shell('echo one; echo two; printf "one more? "; read -r word; echo "got $word"');
  expect(await peer.line(/one/, 2)).toBe('one more? ');
  peer.write('yes\n');
  expect(await peer.line(/got/)).toBe('one more? got yes');
  expect(await peer.exit).toBe(0);
  await peer.close();
});

test('one that ends without the line says what it printed instead', async () => {
  const peer = shell('echo nothing of the kind');
  await expect(peer.line(/ready/)).rejects.toThrow('nothing of the kind');
  await peer.close();
});

test('one that is not there ends at once', async () => {
  const peer = new PeerProcess('no-such-program', [], peerFolder('test'));
  await expect(peer.line(/ready/)).rejects.toThrow('ENOENT');
  await peer.close();
});

test('closing ends the program and removes its folder', async () => {
  const peer = shell('echo ready; exec sleep 60');
  await peer.line(/ready/);
  const { folder, pid = 0 } = peer;
  await peer.close();
  expect(existsSync(folder)).toBe(false);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

test('closing ends a program that will not end when it is asked to, with the children that hold its output', async () => {
  const stubborn = "trap '' TERM; sleep 300 & echo ready; wait; sleep 300";
  const peer = new PeerProcess('sh', ['-c', stubborn], peerFolder('test'), {}, true);
  await peer.line(/ready/);
  await peer.close('SIGTERM');
  expect(await peer.exit).toBeNull();
  expect(existsSync(peer.folder)).toBe(false);
});
