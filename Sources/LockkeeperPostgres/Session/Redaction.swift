/// Makes texts of libpq and the server fit to be shown: one line, no secrets.
struct Redaction: Sendable {
    private let secrets: [String]

    /// - Parameter secrets: values that must not appear.
    init(_ secrets: [String]) {
        // The longest first: one may contain another.
        self.secrets = Set(secrets).filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// The same with one more.
    func adding(_ secret: String) -> Redaction { Redaction(secrets + [secret]) }

    func clean(_ text: String) -> String {
        var text = text
        for secret in secrets { text = text.replacing(secret, with: "…") }
        return text.split(whereSeparator: \.isNewline).map { line in
            line.drop { $0 == " " || $0 == "\t" }
        }.filter { !$0.isEmpty }.joined(separator: "; ")
    }
}
