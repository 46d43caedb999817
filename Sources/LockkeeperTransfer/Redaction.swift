/// Makes text from libcurl or a server fit to be stored and shown.
public struct Redaction: Sendable {
    /// Longer texts are cut: an error is kept in a database row and shown in a table.
    public static let maximumCharacters = 240

    private var secrets: [String] = []

    /// Hides nothing yet.
    public init() {}

    /// Hides a text wherever it occurs from now on.
    public mutating func hide(_ secret: String) {
        guard !secret.isEmpty, !secrets.contains(secret) else { return }
        secrets.append(secret)
        // The longest first: a part must not be replaced out of the middle of the whole.
        secrets.sort { $0.utf8.count > $1.utf8.count }
    }

    /// Hides all of a URL that is not scheme, host and port.
    public mutating func hide(url: String) {
        hide(url)
        let parts = TransferURL(url)
        if let userinfo = parts.userinfo {
            hide(userinfo)
            for part in userinfo.split(separator: ":") { hide(String(part)) }
        }
        // A bare "/" is in every path and would make nonsense of everything.
        if parts.remainder.utf8.count > 1 { hide(parts.remainder) }
        for segment in parts.remainder.split(whereSeparator: { "/?&=#".contains($0) }) where segment.utf8.count >= 6 {
            hide(String(segment))
        }
    }

    /// The text on one line, without secrets, not longer than ``maximumCharacters``.
    public func clean(_ text: String) -> String {
        var result = text
        for secret in secrets { result = result.replacing(secret, with: "[hidden]") }
        // Bidirectional overrides and their like are invisible and can make a line read as another one.
        var line = ""
        for scalar in result.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: if line.last != " " { line.append(" ") }
            case .format: continue
            default: line.unicodeScalars.append(scalar)
            }
        }
        while line.last == " " { line.removeLast() }
        while line.first == " " { line.removeFirst() }
        return line.count <= Self.maximumCharacters ? line : line.prefix(Self.maximumCharacters - 1) + "…"
    }
}
