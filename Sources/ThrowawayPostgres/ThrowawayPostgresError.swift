/// Why a throwaway server could not be found, started or brought back.
public struct ThrowawayPostgresError: Error, Sendable, CustomStringConvertible {
    /// What went wrong.
    public let message: String
    /// What a person should do about it.
    public let hint: String
    /// The end of what the failing program wrote, or "".
    public let log: String

    init(_ message: String, hint: String, log: String = "") {
        self.message = message
        self.hint = hint
        self.log = log
    }

    /// Message, hint and, where there is one, the end of the log.
    public var description: String {
        log.isEmpty ? "\(message); \(hint)" : "\(message); \(hint)\n\(log)"
    }
}
