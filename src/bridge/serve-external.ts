/**
 * One command line of LibPressio's external protocol for `tempress-external`. The client reads and writes the files
 * that the words name; here they are payloads in the same order, and no path is opened.
 */
import { TempressError } from "../errors.ts";
import { answerExternal } from "./external-answer.ts";
import type { Result, Task } from "./serve-task.ts";
import { sourceOf } from "./serve-work.ts";
import { TargetSink, type Written } from "./shm-io.ts";

/** Without a place for it, an output that the answer can hold. */
const MOST_INLINE = 512 << 10;

export async function answer(task: Extract<Task, { kind: "external" }>): Promise<Result> {
  const { words, inputs, targets, outputNames } = task;
  const paths = words.filter((_, i) => /^--(.+_)?input$/.test(words[i - 1] ?? ""));
  const outputs: Written[] = [];
  let opened = 0;
  const { status, stdout, stderr } = await answerExternal(words, {
    open(path) {
      // Inputs are opened in their order; the same path may stand twice.
      const input = paths[opened] === path ? inputs[opened] : undefined;
      if (input === undefined) {
        throw new TempressError("protocol", "an input is named that was not sent", { where: path });
      }
      opened++;
      return sourceOf(input);
    },
    save(bytes, index, wanted) {
      const sink = new TargetSink(targets[index], MOST_INLINE);
      sink.write(bytes);
      outputs[index] = sink.finish();
      return outputNames[index] ?? wanted ?? "";
    },
    failed: () => outputNames[0],
  });
  const whole = status === 0 ? outputs : [];
  return { outputs: whole, numbers: [], exitStatus: status, stdout, stderr };
}
