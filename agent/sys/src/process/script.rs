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
    /// The letter that means "code follows" inside joined short flags ("sh -lc", "perl -ne").
    joined_code: Option<char>,
    /// The first word that is no option names a class, not a file (Java).
    runs_classes: bool,
}

const PYTHON: Options = Options {
    inline: &["-c"],
    module: &["-m"],
    takes_value: &["-W", "-X", "--check-hash-based-pycs"],
    script: &[],
    joined_code: None,
    runs_classes: false,
};
const SHELL: Options = Options {
    inline: &["-c"],
    module: &[],
    takes_value: &["-o", "-O", "+o", "+O", "--rcfile", "--init-file"],
    script: &[],
    joined_code: Some('c'),
    runs_classes: false,
};
const PERL: Options = Options {
    inline: &["-e", "-E"],
    module: &[],
    takes_value: &["-I"],
    script: &[],
    joined_code: Some('e'),
    runs_classes: false,
};
const RUBY: Options = Options {
    inline: &["-e"],
    module: &[],
    takes_value: &["-I", "-r", "-C", "-E"],
    script: &[],
    joined_code: Some('e'),
    runs_classes: false,
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
    joined_code: None,
    runs_classes: false,
};
const PHP: Options = Options {
    inline: &["-r"],
    module: &[],
    takes_value: &["-c", "-d", "-z"],
    script: &["-f"],
    joined_code: None,
    runs_classes: false,
};
const LUA: Options = Options {
    inline: &["-e"],
    module: &["-l"],
    takes_value: &[],
    script: &[],
    joined_code: None,
    runs_classes: false,
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
    joined_code: None,
    runs_classes: true,
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
    joined_code: None,
    runs_classes: false,
};

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
        _ => return None,
    })
}

/// What `executable` runs, judged by its arguments (without argument 0); `None` when it is no interpreter.
pub fn runs<'a>(executable: &str, arguments: impl IntoIterator<Item = &'a str>) -> Option<Runs> {
    let options = options_of(executable)?;
    let mut arguments = arguments.into_iter();
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
        if let Some(flags) = argument.strip_prefix('-') {
            let is_joined = flags.len() <= 5 && flags.chars().all(|c| c.is_ascii_alphabetic());
            if is_joined && options.joined_code.is_some_and(|code| flags.contains(code)) {
                return Some(Runs::Inline);
            }
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
