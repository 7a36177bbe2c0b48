//! What an interpreter runs: the script, never its arguments.
//!
//! Invariant: nothing of the command line but the script's path comes out; inline code gives the fixed word "(inline)".
//!
//! Not here: shebangs (the kernel has already turned them into an interpreter and a path).

/// What the interpreter's command line says it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// A file, as written: maybe relative to the working directory.
    File(String),
    /// `python -m`, a Java main class.
    Module,
    /// `-c`, `-e`: code on the command line.
    Inline,
    /// An interactive shell, or a script on standard input.
    Nothing,
}

/// How an interpreter takes its options.
struct Options {
    /// Code follows.
    inline: &'static [&'static str],
    /// A module's name follows.
    module: &'static [&'static str],
    /// A value follows that is no script.
    takes_value: &'static [&'static str],
    /// A script's path follows.
    script: &'static [&'static str],
    /// What single letters mean inside joined short flags ("sh -lc", "perl -ne", "bash -euo pipefail").
    letters: Letters,
    /// The first word that is no option names a class, not a file (Java).
    runs_classes: bool,
    /// `deno run x.ts`.
    has_subcommand: bool,
}

/// Meanings of joined letters; every other letter is a flag.
struct Letters {
    code: &'static str,
    module: &'static str,
    /// The script comes on standard input; what follows are its arguments.
    input: &'static str,
    /// The rest of the word, or else the next word, is a value.
    takes_value: &'static str,
    /// The rest of the word is a value, if there is one.
    ends: &'static str,
}

const NO_LETTERS: Letters = Letters {
    code: "",
    module: "",
    input: "",
    takes_value: "",
    ends: "",
};

const PYTHON: Options = Options {
    inline: &["-c"],
    module: &["-m"],
    takes_value: &["-W", "-X", "--check-hash-based-pycs"],
    script: &[],
    letters: Letters {
        code: "c",
        module: "m",
        takes_value: "WX",
        ..NO_LETTERS
    },
    runs_classes: false,
    has_subcommand: false,
};
const SHELL: Options = Options {
    inline: &["-c"],
    module: &[],
    takes_value: &["-o", "-O", "+o", "+O", "--rcfile", "--init-file"],
    script: &[],
    letters: Letters {
        code: "c",
        input: "s",
        takes_value: "oO",
        ..NO_LETTERS
    },
    runs_classes: false,
    has_subcommand: false,
};
const PERL: Options = Options {
    inline: &["-e", "-E"],
    module: &[],
    takes_value: &["-I"],
    script: &[],
    letters: Letters {
        code: "eE",
        takes_value: "I",
        ends: "MmiFxCD",
        ..NO_LETTERS
    },
    runs_classes: false,
    has_subcommand: false,
};
const RUBY: Options = Options {
    inline: &["-e"],
    module: &[],
    takes_value: &["-I", "-r", "-C", "-E"],
    script: &[],
    letters: Letters {
        code: "e",
        takes_value: "IrCE",
        ends: "KWTxiF",
        ..NO_LETTERS
    },
    runs_classes: false,
    has_subcommand: false,
};
const NODE: Options = Options {
    inline: &["-e", "--eval", "-p", "--print"],
    module: &[],
    takes_value: &[
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "-C",
        "--conditions",
    ],
    script: &[],
    letters: Letters {
        code: "ep",
        takes_value: "rC",
        ..NO_LETTERS
    },
    runs_classes: false,
    has_subcommand: true,
};
const PHP: Options = Options {
    inline: &["-r"],
    module: &[],
    takes_value: &["-c", "-d", "-z"],
    script: &["-f"],
    letters: Letters {
        code: "rBRE",
        takes_value: "cdz",
        ..NO_LETTERS
    },
    runs_classes: false,
    has_subcommand: false,
};
const LUA: Options = Options {
    inline: &["-e"],
    module: &[],
    takes_value: &["-l"],
    script: &[],
    letters: Letters {
        code: "e",
        takes_value: "l",
        ..NO_LETTERS
    },
    runs_classes: false,
    has_subcommand: false,
};
/// Interpreters whose first word that is no option is the script.
const PLAIN: Options = Options {
    inline: &["-e", "-c"],
    module: &[],
    takes_value: &[],
    script: &["-f", "--file"],
    letters: NO_LETTERS,
    runs_classes: false,
    has_subcommand: false,
};
const JAVA: Options = Options {
    inline: &[],
    module: &["-m", "--module"],
    takes_value: &[
        "-cp",
        "-classpath",
        "--class-path",
        "-p",
        "--module-path",
        "--add-modules",
    ],
    script: &["-jar"],
    letters: NO_LETTERS,
    runs_classes: true,
    has_subcommand: false,
};
const POWERSHELL: Options = Options {
    inline: &["-Command", "-c", "-EncodedCommand", "-e", "-enc"],
    module: &[],
    takes_value: &[
        "-ExecutionPolicy",
        "-ep",
        "-WorkingDirectory",
        "-OutputFormat",
    ],
    script: &["-File", "-f"],
    letters: NO_LETTERS,
    runs_classes: false,
    has_subcommand: false,
};

enum Meaning {
    Runs(Runs),
    ValueFollows,
    Flags,
}

impl Letters {
    /// Of one word of short flags, without its dash.
    fn meaning(&self, flags: &str) -> Meaning {
        if flags.starts_with('-') {
            return Meaning::Flags;
        }
        let mut rest = flags.chars();
        while let Some(letter) = rest.next() {
            let is = |letters: &str| letters.contains(letter);
            if is(self.code) {
                return Meaning::Runs(Runs::Inline);
            }
            if is(self.module) {
                return Meaning::Runs(Runs::Module);
            }
            if is(self.input) {
                return Meaning::Runs(Runs::Nothing);
            }
            if is(self.takes_value) && rest.as_str().is_empty() {
                return Meaning::ValueFollows;
            }
            if is(self.takes_value) || is(self.ends) {
                return Meaning::Flags;
            }
        }
        Meaning::Flags
    }
}

/// The options of an interpreter by its file name; `None` when it is none.
fn options_of(executable: &str) -> Option<&'static Options> {
    let lower = executable.to_ascii_lowercase();
    let name = lower.strip_suffix(".exe").unwrap_or(&lower);
    // python3.11, ruby3.1, perl5.36.0, lua5.4, php8.2
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    Some(match stem {
        "python" | "pythonw" | "pypy" => &PYTHON,
        "bash" | "sh" | "dash" | "zsh" | "ksh" | "mksh" | "ash" | "fish" | "csh" | "tcsh" => &SHELL,
        "perl" => &PERL,
        "ruby" => &RUBY,
        "node" | "nodejs" | "bun" | "deno" => &NODE,
        "php" => &PHP,
        "lua" | "luajit" => &LUA,
        "java" | "javaw" => &JAVA,
        "pwsh" | "powershell" => &POWERSHELL,
        "rscript" | "tclsh" | "wish" | "expect" | "gjs" | "mono" | "dotnet" | "osascript"
        | "cscript" | "wscript" => &PLAIN,
        _ => return None,
    })
}

/// What `executable` runs, judged by its arguments (without argument 0); `None` when it is no interpreter.
pub fn runs<'a>(executable: &str, arguments: impl IntoIterator<Item = &'a str>) -> Option<Runs> {
    let mut arguments = arguments.into_iter();
    // One file with many names: the first word says which.
    let options = if executable == "busybox" {
        options_of(arguments.next()?)?
    } else {
        options_of(executable)?
    };
    while let Some(argument) = arguments.next() {
        if argument == "-" {
            return Some(Runs::Nothing);
        }
        if argument == "--" {
            return Some(
                arguments
                    .next()
                    .map_or(Runs::Nothing, |path| Runs::File(path.to_owned())),
            );
        }
        if options.inline.contains(&argument) {
            return Some(Runs::Inline);
        }
        if options.module.contains(&argument) {
            return Some(Runs::Module);
        }
        if options.script.contains(&argument) {
            return Some(
                arguments
                    .next()
                    .map_or(Runs::Nothing, |path| Runs::File(path.to_owned())),
            );
        }
        if options.takes_value.contains(&argument) {
            arguments.next();
            continue;
        }
        let is_inline = |option: &&str| {
            argument
                .strip_prefix(*option)
                .is_some_and(|rest| rest.starts_with('='))
        };
        if options.inline.iter().any(is_inline) {
            return Some(Runs::Inline);
        }
        if let Some(flags) = argument.strip_prefix('-') {
            match options.letters.meaning(flags) {
                Meaning::Runs(runs) => return Some(runs),
                Meaning::ValueFollows => {
                    arguments.next();
                }
                Meaning::Flags => {}
            }
            continue;
        }
        // Subcommands of the newer script runners.
        if options.has_subcommand && argument == "run" {
            continue;
        }
        if argument.is_empty() {
            continue;
        }
        return Some(if options.runs_classes {
            Runs::Module
        } else {
            Runs::File(argument.to_owned())
        });
    }
    Some(Runs::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(executable: &str, arguments: &[&str], expected: Option<Runs>) {
        assert_eq!(
            runs(executable, arguments.iter().copied()),
            expected,
            "{executable} {arguments:?}"
        );
    }

    fn file(path: &str) -> Option<Runs> {
        Some(Runs::File(path.to_owned()))
    }

    #[test]
    fn scripts_are_found_and_arguments_are_not() {
        check(
            "python3.11",
            &["-u", "-W", "ignore", "/srv/job.py", "--password", "x"],
            file("/srv/job.py"),
        );
        check(
            "bash",
            &["--norc", "-o", "pipefail", "run.sh", "secret"],
            file("run.sh"),
        );
        check("perl", &["-w", "-I", "/lib", "x.pl"], file("x.pl"));
        check(
            "node",
            &["--require", "./hook.js", "server.js"],
            file("server.js"),
        );
        check(
            "java",
            &["-Xmx1g", "-cp", "a.jar", "-jar", "app.jar", "x"],
            file("app.jar"),
        );
        check("php8.2", &["-d", "a=b", "-f", "x.php"], file("x.php"));
        check(
            "pwsh",
            &["-ExecutionPolicy", "Bypass", "-File", "x.ps1"],
            file("x.ps1"),
        );
    }

    #[test]
    fn code_on_the_command_line_is_not_repeated() {
        check("python3", &["-c", "secret()"], Some(Runs::Inline));
        check("sh", &["-lc", "curl token"], Some(Runs::Inline));
        check("perl", &["-ne", "print"], Some(Runs::Inline));
        check("python3", &["-m", "http.server"], Some(Runs::Module));
        check(
            "java",
            &["-cp", "x", "com.example.Main"],
            Some(Runs::Module),
        );
    }

    #[test]
    fn joined_flags_are_read_letter_by_letter() {
        check("bash", &["-euo", "pipefail", "run.sh"], file("run.sh"));
        check("bash", &["-exc", "secret"], Some(Runs::Inline));
        check("bash", &["-s", "secret"], Some(Runs::Nothing));
        check("python3", &["-uc", "secret"], Some(Runs::Inline));
        check("python3", &["-Im", "pip"], Some(Runs::Module));
        check("python3", &["-Wonce", "x.py"], file("x.py"));
        check("python3", &["-Wd", "-u", "x.py"], file("x.py"));
        check("node", &["-pe", "secret"], Some(Runs::Inline));
        check("node", &["--eval=secret", "x"], Some(Runs::Inline));
        check("perl", &["-MStrict", "-i.bak", "x.pl"], file("x.pl"));
        check("perl", &["-lane", "secret"], Some(Runs::Inline));
        check("lua", &["-l", "socket", "x.lua"], file("x.lua"));
        check("deno", &["run", "-A", "x.ts"], file("x.ts"));
        check("busybox", &["sh", "-x", "x.sh"], file("x.sh"));
        check("busybox", &["ls", "x"], None);
        check("dotnet", &["app.dll", "x"], file("app.dll"));
    }

    #[test]
    fn what_is_no_interpreter_has_no_script() {
        check("firefox", &["/home/x/file.html"], None);
        check("pythonic", &["x"], None);
    }

    #[test]
    fn an_interactive_shell_runs_nothing() {
        check("bash", &["-l"], Some(Runs::Nothing));
        check("bash", &[], Some(Runs::Nothing));
    }
}
