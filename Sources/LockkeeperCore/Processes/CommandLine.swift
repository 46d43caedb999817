/// The arguments of a process, for telling what it is and for showing it without its secrets.
///
/// Whatever may be a secret is taken out before anything is kept: better too much than too little. What stays is enough to recognise the
/// command by: its program, its options, its plain words.
public struct CommandLine: Sendable, Hashable {
    /// As they are, secrets included: for matching only.
    let arguments: [String]
    /// Whether they are the words of a title: where one argument ended and the next began is not known.
    private let isTitle: Bool

    /// The most that is shown, in characters.
    static let shownLength = 200
    /// An argument longer than this is not shown.
    private static let shownArgument = 80
    /// What stands for what was taken out.
    static let redaction = "***"

    public init(arguments: [String]) {
        // A program that sets its title has its whole command line in the first argument: `npm exec drizzle-kit migrate`.
        if arguments.count == 1, let title = arguments.first, title.contains(" ") {
            self.arguments = title.split(separator: " ").map(String.init)
            isTitle = true
        } else {
            self.arguments = arguments
            isTitle = false
        }
    }

    /// - Parameter bytes: `/proc/PID/cmdline`: each argument ends with a zero byte. A title may leave zeros at the end.
    public init(procFile bytes: some Collection<UInt8>) {
        var arguments = bytes.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        while arguments.last?.isEmpty == true { arguments.removeLast() }
        self.init(arguments: arguments)
    }

    /// The last part of the path of the program, where it is a plain word.
    public var programName: String? {
        guard let program = arguments.first?.split(separator: "/").last, program.count <= 30,
            program.unicodeScalars.allSatisfy({ $0.isASCIIAlphanumeric || "._+-".unicodeScalars.contains($0) })
        else { return nil }
        return String(program)
    }

    // MARK: - Without secrets

    /// For people: the arguments joined by spaces, cut off at a bounded length, and everything that may be a secret replaced by `***`.
    public var redacted: String {
        var shown = ""
        var previous = ""
        // In a title a secret may go on: `--password=my secret`.
        var goesOn = false
        for argument in isTitle ? Self.joiningURLs(arguments) : arguments {
            if argument.hasPrefix("-") { goesOn = false }
            // An option without a value hides the next one, which does no harm.
            var text = goesOn ? Self.redaction : Self.redact(argument, after: previous)
            if isTitle, text.hasSuffix(Self.redaction) || Self.namesSecret(option: argument) { goesOn = true }
            previous = argument
            if text.count > Self.shownArgument { text = Self.shortened(text) }
            if !shown.isEmpty { shown += " " }
            guard shown.count + text.count <= Self.shownLength else { return shown + "…" }
            shown += text
        }
        return shown
    }

    /// Of a long path its end, of other long texts nothing.
    private static func shortened(_ text: String) -> String {
        guard text.hasPrefix("/"), !text.contains(":"), let last = text.split(separator: "/").last,
            last.count < shownArgument
        else { return "…" }
        return "…/\(last)"
    }

    /// Puts the words of a title together again that a password with spaces in a URL has taken apart: up to the last `@`.
    private static func joiningURLs(_ words: [String]) -> [String] {
        guard let first = words.firstIndex(where: { $0.contains("://") }),
            let last = words.lastIndex(where: { $0.contains("@") }), first < last,
            let scheme = words[first].range(of: "://"), let at = words[last].lastIndex(of: "@")
        else { return words }
        let joined = words[first][..<scheme.upperBound] + redaction + words[last][at...]
        return words[..<first] + [String(joined)] + words[(last + 1)...]
    }

    /// An argument without what may be a secret in it, as the option before it has it meant.
    private static func redact(_ argument: String, after option: String) -> String {
        // `--password secret`
        if namesSecret(option: option) { return redaction }
        if variableOptions.contains(option), let sign = argument.firstIndex(of: "=") {
            return redact(String(argument[..<sign])) + "=" + redaction
        }
        if userOptions.contains(option), let colon = argument.firstIndex(of: ":") {
            return redact(String(argument[..<colon])) + ":" + redaction
        }
        return redact(variable: argument) ?? redact(argument)
    }

    /// Options whose value is `name=value` of the user's choice: psql's, Alembic's, Java's.
    private static let variableOptions: Set<String> = ["-v", "--set", "--variable", "-x", "-D"]

    /// Options whose value may be `user:password`.
    private static let userOptions: Set<String> = ["-u", "-U", "--user", "--username", "-user", "-username"]

    /// `--set=name=value`, `-vname=value`, `-Dname=value`, `-placeholders.name=value` without the value; `nil` for others.
    private static func redact(variable argument: String) -> String? {
        guard argument.hasPrefix("-"), let sign = argument.firstIndex(of: "=") else { return nil }
        let option = argument[..<sign]
        let value = argument[argument.index(after: sign)...]
        if variableOptions.contains(String(option)) {
            guard let inner = value.firstIndex(of: "=") else { return "\(option)=\(redaction)" }
            return "\(option)=\(redact(String(value[..<inner])))=\(redaction)"
        }
        if userOptions.contains(String(option)), let colon = value.firstIndex(of: ":") {
            return "\(option)=\(redact(String(value[..<colon]))):\(redaction)"
        }
        let isVariable =
            ["-v", "-x", "-D"].contains { option.hasPrefix($0) } || option.contains("placeholders.")
        return isVariable ? redact(String(option)) + "=" + redaction : nil
    }

    /// One argument, by itself, without what may be a secret in it.
    static func redact(_ argument: String) -> String {
        // SQL, a script, a connection string of keyword=value pairs: whatever has spaces or quotes is not one plain word.
        if argument.unicodeScalars.contains(where: {
            $0.properties.isWhitespace || "'\"`\\".unicodeScalars.contains($0)
        }) {
            return "…"
        }
        var text = argument
        if let scheme = text.range(of: "://") {
            // The password may hold any sign, so everything up to the last @ goes, and all that comes with a question mark.
            if let at = text[scheme.upperBound...].lastIndex(of: "@") {
                text.replaceSubrange(scheme.upperBound..<at, with: redaction)
            }
            if let query = text[scheme.upperBound...].firstIndex(where: { "?#;".contains($0) }) {
                text.replaceSubrange(text.index(after: query)..., with: redaction)
            }
        } else if let at = text.lastIndex(of: "@"), let colon = text[..<at].firstIndex(of: ":") {
            // `user:secret@host` without a scheme.
            text.replaceSubrange(text.index(after: colon)..<at, with: redaction)
        }
        // `user=deploy:secret`
        if let name = text.range(of: "user="), let colon = text[name.upperBound...].firstIndex(of: ":"),
            !text[colon...].hasPrefix("://")
        {
            text.replaceSubrange(text.index(after: colon)..., with: redaction)
        }
        // `PGPASSWORD=secret`, `--password=secret`, `token:secret`: whatever follows such a name, to the end.
        for separator in text.indices.filter({ "=:".contains(text[$0]) }) where namesSecret(text[..<separator]) {
            if text[separator...].hasPrefix("://") { continue }
            return text[...separator] + redaction
        }
        return redactTokens(text)
    }

    /// Words that name a secret, within names such as `--db-password` or `PGPASSWORD`.
    private static let secretWords = [
        "pass", "pwd", "pw", "secret", "token", "key", "credential", "auth", "private", "signature",
    ]

    /// Whether an argument is an option that names a secret, whose value comes next.
    private static func namesSecret(option argument: String) -> Bool {
        argument.hasPrefix("-") && !argument.contains("=") && namesSecret(argument)
    }

    private static func namesSecret(_ name: some StringProtocol) -> Bool {
        let name = name.lowercased()
        return secretWords.contains { name.contains($0) }
    }

    /// Replaces runs of 20 and more letters and digits that have both: keys, hashes, parts of JSON web tokens. A word of a migration's
    /// name is shorter, or has no digits.
    private static func redactTokens(_ text: String) -> String {
        var result = ""
        var run = ""
        func settled(_ run: String) -> String {
            let isToken =
                run.count >= 20 && run.unicodeScalars.contains { ("0"..."9").contains($0) }
                && run.unicodeScalars.contains { !("0"..."9").contains($0) }
            return isToken ? redaction : run
        }
        for scalar in text.unicodeScalars {
            if scalar.isASCIIAlphanumeric {
                run.unicodeScalars.append(scalar)
            } else {
                result += settled(run)
                run = ""
                // Control characters would spoil a terminal or a log.
                result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "?" : scalar)
            }
        }
        return result + settled(run)
    }
}

extension Unicode.Scalar {
    fileprivate var isASCIIAlphanumeric: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }
}

extension String {
    /// The standard library has no search for a substring.
    fileprivate func range(of part: String) -> Range<Index>? {
        ranges(of: part).first
    }
}
