import { homedir } from 'node:os';
import { type Command, flagOption, PLACE_OPTIONS } from '../command.ts';
import { examine } from '../doctor/checks.ts';
import { doctorReport } from '../doctor/report.ts';
import { managedSettingsPath, realDisk } from '../doctor/sight.ts';
import { EXIT } from '../exit-code.ts';
import { jsonText } from '../render/json.ts';

export const doctor: Command = {
  name: 'doctor',
  usage: '[OPTIONS]',
  about:
    'Tells what is recorded and what is not, and why: files, spool, hooks, telemetry, receiver, as they are for this user, folder and environment. Each finding comes with the command that mends it (docs/doctor.md lists them all). It reads only. Exits 1 where something that was asked for is not recorded or is lost (✗); what is merely good to know (!) is 0.',
  options: { ...PLACE_OPTIONS, json: { type: 'boolean', doc: 'print the findings as JSON' } },
  examples: ['ai-tracker doctor', 'ai-tracker doctor --json --dir /data/tracking'],
  arguments: [0, 0],
  async run(context) {
    const { settings, env, out, nowMs } = context;
    const found = await examine({
      ...{ settings, env, nowMs, home: env['HOME'] || homedir(), cwd: process.cwd() },
      managedSettings: managedSettingsPath(process.platform),
      disk: realDisk,
    });
    const isRed = found.some(({ level }) => level === 'red');
    if (flagOption(context, 'json')) {
      const status = isRed ? 'red' : found.some(({ level }) => level === 'amber') ? 'amber' : 'green';
      out.write(jsonText({ status, findings: found }));
    } else out.write(doctorReport(found, out));
    return isRed ? EXIT.notFound : EXIT.done;
  },
};
