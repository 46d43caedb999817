/// The check of the token that actions need (RFC 6750).
enum BearerToken {
    enum Verdict: Hashable {
        case accepted
        /// No token is configured: nothing is permitted.
        case notConfigured
        /// The request has none.
        case missing
        case wrong
    }

    static func check(authorization: String?, expected: String?) -> Verdict {
        guard let expected, !expected.isEmpty else { return .notConfigured }
        guard let presented = presented(in: authorization) else { return .missing }
        return ConstantTime.isEqual(Array(presented.utf8), Array(expected.utf8)) ? .accepted : .wrong
    }

    /// The token in a header; `nil` if it is of another scheme, or there is none.
    static func presented(in authorization: String?) -> String? {
        guard let parts = authorization?.split(separator: " ", maxSplits: 1), parts.count == 2,
            parts[0].lowercased() == "bearer"
        else { return nil }
        return String(parts[1].drop { $0 == " " })
    }
}
