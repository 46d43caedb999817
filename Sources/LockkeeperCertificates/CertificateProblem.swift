/// Why a certificate and a key cannot be used together.
public struct CertificateProblem: Error, Sendable, Hashable {
    /// Which of the two is to be looked at.
    public enum Part: Sendable, Hashable, CaseIterable {
        case certificate
        case key
    }

    public var part: Part
    /// A sentence's end that says what is wrong: "holds no certificate in PEM form".
    public var reason: String
    /// What to do.
    public var hint: String

    public init(part: Part, reason: String, hint: String) {
        self.part = part
        self.reason = reason
        self.hint = hint
    }
}
