/// Somebody's word that they are looking after an incident.
///
/// It holds for the severity at which it was given: whoever looks after a warning has not said that they look after a critical incident.
public struct Acknowledgement: Sendable, Hashable, Codable {
    /// Who, as they call themselves.
    public var author: String
    public var comment: String
    public var at: Timestamp
    /// The incident's severity then.
    public var severity: Severity
    /// When the incident became more severe than that.
    public var lapsedAt: Timestamp?

    public init(author: String, comment: String = "", at: Timestamp, severity: Severity) {
        self.author = author
        self.comment = comment
        self.at = at
        self.severity = severity
        lapsedAt = nil
    }
}
