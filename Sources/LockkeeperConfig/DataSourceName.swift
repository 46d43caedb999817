/// What can be said of a libpq connection string without libpq: whether it has one of the two forms, and which database it names.
///
/// Source: the PostgreSQL manual, "Connection Strings". libpq itself has the last word.
struct DataSourceName {
    /// The keywords that the string itself gives, passwords included.
    let keywords: [String: String]

    /// What is wrong with a string, without quoting it.
    struct Objection: Error, Hashable {
        let message: String
        let hint: String
    }

    init(_ text: String) throws(Objection) {
        let form = "Write `postgresql://user@host:5432/database` or `host=… dbname=… user=…`"
        if let mark = text.firstRange(of: "://") {
            let scheme = String(text[..<mark.lowerBound])
            let schemes = ["postgresql", "postgres"]
            if !schemes.contains(scheme) {
                let near = Suggestion.nearest(to: scheme, in: schemes)
                // A key=value string may contain "://" in a value.
                if scheme.allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) }) {
                    throw Objection(
                        message: "a PostgreSQL URL begins with `postgresql://`",
                        hint: near.map { "Did you mean `\($0)://`?" } ?? form)
                }
            } else {
                keywords = try Self.url(text[mark.upperBound...], form: form)
                return
            }
        }
        keywords = try Self.pairs(text, form: form)
    }

    /// The database that it names; `nil` where that is left to the environment, a service file or the user's name.
    var database: String? { keywords["dbname"].flatMap { $0.isEmpty ? nil : $0 } }

    /// `user:password@host:port,host:port/database?key=value`; all parts may be missing.
    private static func url(_ text: Substring, form: String) throws(Objection) -> [String: String] {
        guard !text.contains(where: \.isWhitespace) else {
            throw Objection(message: "the URL contains white space", hint: "Write it as %20")
        }
        var keywords: [String: String] = [:]
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count > 1 {
            for pair in parts[1].split(separator: "&") {
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard sides.count == 2, let name = decoded(sides[0]), let value = decoded(sides[1]) else {
                    throw Objection(message: "a parameter after the `?` is not of the form key=value", hint: form)
                }
                keywords[name] = value
            }
        }
        let sides = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if sides.count > 1 {
            guard let database = decoded(sides[1]) else { throw percent }
            if !database.isEmpty { keywords["dbname"] = database }
        }
        // libpq takes the first `@`: one in a password has to be written as %40.
        let place = sides[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        if place.count > 1 {
            let credentials = place[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = decoded(credentials[0]) else { throw percent }
            keywords["user"] = user
            if credentials.count > 1 {
                guard let password = decoded(credentials[1]) else { throw percent }
                keywords["password"] = password
            }
            guard !place[1].contains("@") else {
                throw Objection(
                    message: "there is more than one `@` before the database's name",
                    hint: "Write one that belongs to the password as %40")
            }
        }
        for host in (place.last ?? "").split(separator: ",") {
            let port = host.hasPrefix("[") ? host.drop { $0 != "]" }.dropFirst() : host.drop { $0 != ":" }
            guard !port.isEmpty, port != ":" else { continue }
            guard port.first == ":", let number = UInt16(port.dropFirst()), number > 0 else {
                throw Objection(message: "the port is not a number from 1 to 65535", hint: form)
            }
        }
        return keywords
    }

    private static let percent = Objection(
        message: "a `%` is not followed by two hexadecimal digits", hint: "Write a percent sign itself as %25")

    private static func decoded(_ text: Substring) -> String? {
        guard text.contains("%") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let digits = String(rest.prefix(2)), let value = UInt8(digits, radix: 16),
                value != 0
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `key = value key='quoted \' value'`
    private static func pairs(_ text: String, form: String) throws(Objection) -> [String: String] {
        var keywords: [String: String] = [:]
        var rest = Substring(text)
        func skipSpace() { rest = rest.drop(while: \.isWhitespace) }
        skipSpace()
        guard !rest.isEmpty else { throw Objection(message: "it is empty", hint: form) }
        while !rest.isEmpty {
            let name = rest.prefix { $0 != "=" && !$0.isWhitespace }
            rest = rest.dropFirst(name.count)
            skipSpace()
            guard rest.first == "=", !name.isEmpty else {
                throw Objection(message: "it is neither a PostgreSQL URL nor `key=value` pairs", hint: form)
            }
            rest = rest.dropFirst()
            skipSpace()
            let isQuoted = rest.first == "'"
            if isQuoted { rest = rest.dropFirst() }
            var value = ""
            var isClosed = !isQuoted
            while let character = rest.first {
                if isQuoted ? character == "'" : character.isWhitespace {
                    isClosed = true
                    if isQuoted { rest = rest.dropFirst() }
                    break
                }
                rest = rest.dropFirst()
                if character == "\\", let escaped = rest.popFirst() {
                    value.append(escaped)
                } else {
                    value.append(character)
                }
            }
            guard isClosed else {
                throw Objection(message: "a quote is not closed", hint: "Write a quote within a value as \\'")
            }
            keywords[String(name)] = value
            skipSpace()
        }
        return keywords
    }
}
