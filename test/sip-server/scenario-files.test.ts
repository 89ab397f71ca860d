import { expect, test } from 'vitest';
import { playable, scenarioFiles, staleReasons, UNSOUND } from './conformance/scenario-files.ts';
import { PLAYS } from './conformance/scenarios.ts';

test("each of drachtio-srf's scenario files is played, or named as unsound with a reason that holds", () => {
  expect(scenarioFiles()).toHaveLength(39);
  const played = new Set(PLAYS.flatMap(({ files }) => files));
  const named = UNSOUND.filter(({ mend }) => mend === undefined).map(({ file }) => file);
  expect([...played, ...named].sort()).toEqual(scenarioFiles());
  expect(staleReasons()).toEqual([]);
});

test('what is played differs from the file by rule only', () => {
  expect(playable('uas-reinvite.xml')).toContain('regexp="&lt;sip:(.*)&gt;"');
  expect(playable('uas-reinvite.xml')).toMatch(/ACK sip:\[\$4\][\s\S]*CSeq: \[cseq\] ACK/);
  expect(playable('uac-pcap.xml')).not.toContain('play_pcap');
});
