/// The arguments of a process, for telling what it is and for showing it without its secrets.
///
/// Whatever may be a secret is taken out before anything is kept: better too much than too little. What stays is enough to recognise the
/// command by: its program, its options, its plain words.
public struct CommandLine: Sendable, Hashable {
    /// As they are, secrets included: for matching only.
    let arguments: [String]

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
        } else {
            self.arguments = arguments
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
        var isValueOfSecret = false
        for argument in arguments {
            var text = isValueOfSecret ? Self.redaction : Self.redact(argument)
            // `--password secret`; an option without a value hides the next one, which does no harm.
            isValueOfSecret = argument.hasPrefix("-") && !argument.contains("=") && Self.namesSecret(argument)
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

    /// One argument without what may be a secret in it.
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
        // `PGPASSWORD=secret`, `--password=secret`, `token:secret`: whatever follows such a name, to the end.
        for separator in text.indices.filter({ "=:".contains(text[$0]) }) where namesSecret(text[..<separator]) {
            if text[separator...].hasPrefix("://") { continue }
            return text[...separator] + redaction
        }
        return redactTokens(text)
    }

    /// Words that name a secret, within names such as `--db-password` or `PGPASSWORD`.
    private static let secretWords = [
        "pass", "pwd", "secret", "token", "apikey", "api-key", "api_key", "credential", "auth", "private", "access-key",
        "access_key", "accesskey", "signature",
    ]

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
