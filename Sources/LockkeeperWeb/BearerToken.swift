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
        guard let authorization else { return .missing }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return .missing }
        let presented = parts[1].drop { $0 == " " }
        return isEqual(Array(presented.utf8), Array(expected.utf8)) ? .accepted : .wrong
    }

    /// Takes a time that depends on the presented text's length only, so that the answers' times don't spell the token out.
    private static func isEqual(_ presented: [UInt8], _ expected: [UInt8]) -> Bool {
        var difference = presented.count ^ expected.count
        for (index, byte) in presented.enumerated() {
            difference |= Int(byte ^ expected[index % expected.count])
        }
        return difference == 0
    }
}
