/** Completion scripts, written from the verbs' own declarations. */
import type { Command } from "commander";
import { codecs } from "../compressor/registry.ts";
import { DTYPE_NAMES } from "../tensor/dtype.ts";
import { print } from "./output.ts";
import { commandOf } from "./parse.ts";
import { oneOf } from "./values.ts";
import { VERBS, type Verb } from "./verb.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

interface Words {
  readonly verb: string;
  readonly summary: string;
  readonly flags: readonly { readonly name: string; readonly help: string; readonly takesValue: boolean }[];
}

export const completion: Verb = {
  define(command) {
    command.argument("<shell>", SHELLS.join(", "));
  },
  notes: async () =>
    [
      "bash: tempress completion bash > ~/.local/share/bash-completion/completions/tempress",
      "zsh:  tempress completion zsh > a folder of $fpath/_tempress",
      "fish: tempress completion fish > ~/.config/fish/completions/tempress.fish",
    ].join("\n"),
  async run([shell]) {
    const words = await Promise.all(
      VERBS.map(async ({ name, summary, load }): Promise<Words> => {
        const command = commandOf(name, summary, await load());
        return { verb: name, summary, flags: flagsOf(command) };
      }),
    );
    print({ bash, zsh, fish }[oneOf("tempress completion", SHELLS)(shell!)](words));
    return 0;
  },
};

function flagsOf(command: Command): Words["flags"] {
  return command.options.flatMap(({ long, description, required }) =>
    long ? [{ name: long, help: description, takesValue: required }] : [],
  );
}

/** Values that a flag can take, where they are few. */
function valuesOf(flag: string): string[] {
  if (flag === "--codec") return [...codecs.names(), ...codecs.outside()];
  if (flag === "--dtype") return [...DTYPE_NAMES];
  return flag === "--effort" ? ["fast", "balanced", "max"] : [];
}

function argumentsOf(verb: string): string[] {
  if (verb === "list") return ["codecs", "metrics", "formats"];
  if (verb === "help") return [...VERBS.map(({ name }) => name), ...codecs.names(), ...codecs.outside()];
  return verb === "completion" ? [...SHELLS] : [];
}

const VALUE_FLAGS = ["--codec", "--dtype", "--effort"];

function bash(words: readonly Words[]): string {
  const cases = words.map(({ verb, flags }) => {
    const list = [...flags.map((flag) => flag.name), ...argumentsOf(verb)].join(" ");
    return `    ${verb}) words="${list}" ;;`;
  });
  const values = VALUE_FLAGS.map((flag) => `    ${flag}) words="${valuesOf(flag).join(" ")}" ;;`);
  return `# bash completion for tempress
_tempress() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${words.map(({ verb }) => verb).join(" ")} --version --help" -- "$current"))
    return
  fi
  case $before in
${values.join("\n")}
  esac
  [ -n "$words" ] || case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -o filenames -F _tempress tempress`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "'\\''");
}

function zsh(words: readonly Words[]): string {
  const plain = (text: string): string => quoted(text).replaceAll("[", "(").replaceAll("]", ")").replaceAll(":", "\\:");
  const cases = words.map(({ verb, flags }) => {
    const specs = flags.map(({ name, help, takesValue }) => {
      const values = valuesOf(name);
      const value = takesValue ? `:value:${values.length > 0 ? `(${values.join(" ")})` : "_files"}` : "";
      return `'${name}[${plain(help)}]${value}'`;
    });
    const rest = argumentsOf(verb);
    specs.push(rest.length > 0 ? `'1:word:(${rest.join(" ")})'` : "'*:file:_files'");
    return `    ${verb}) _arguments ${specs.join(" ")} ;;`;
  });
  return `#compdef tempress
_tempress() {
  if (( CURRENT == 2 )); then
    local -a verbs=(${words.map(({ verb, summary }) => `'${verb}:${plain(summary)}'`).join(" ")})
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  shift words; (( CURRENT-- ))
  case $verb in
${cases.join("\n")}
  esac
}
_tempress "$@"`;
}

function fish(words: readonly Words[]): string {
  const lines = words.flatMap(({ verb, summary, flags }) => {
    const here = `complete -c tempress -n '__fish_seen_subcommand_from ${verb}'`;
    return [
      `complete -c tempress -n __fish_use_subcommand -a ${verb} -d '${quoted(summary)}'`,
      ...flags.map(({ name, help, takesValue }) => {
        const values = valuesOf(name);
        const list = values.length > 0 ? ` -x -a '${values.join(" ")}'` : takesValue ? " -r" : "";
        return `${here} -l ${name.slice(2)} -d '${quoted(help)}'${list}`;
      }),
      ...(argumentsOf(verb).length > 0 ? [`${here} -a '${argumentsOf(verb).join(" ")}'`] : []),
    ];
  });
  return `# fish completion for tempress\n${lines.join("\n")}`;
}
