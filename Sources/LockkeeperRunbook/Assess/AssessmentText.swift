internal import LockkeeperCore

/// Puts an assessment into plain text, for a terminal at three in the morning: what is wrong, how one can see it, what to type.
public struct AssessmentText: Sendable {
    private let assessment: Assessment

    public init(_ assessment: Assessment) {
        self.assessment = assessment
    }

    /// Several lines without a line feed at the end.
    public var text: String {
        if assessment.server == nil || assessment.failure != nil {
            let reason = assessment.failure?.message ?? "it did not answer"
            return "\(assessment.target) could not be looked at: \(reason)"
        }
        var parts = [header]
        parts += assessment.findings.map(Self.paragraph)
        if let locks = assessment.locks, locks.waiterCount > 0 { parts.append(WaitTree(locks).text) }
        return parts.joined(separator: "\n\n")
    }

    private var header: String {
        var line = assessment.target
        if let server = assessment.server {
            line += ": PostgreSQL \(server.majorVersion).\(server.versionNumber % 10_000)"
            if server.isInRecovery { line += ", a standby" }
        }
        line += ", seen at \(assessment.at.readable)"
        return "\(line)\n\(verdict)"
    }

    private var verdict: String {
        let counts = Severity.allCases.reversed().compactMap { severity -> String? in
            let count = assessment.findings.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        if counts.isEmpty { return "Nothing is wrong." }
        let sum = counts.joined(separator: ", ")
        return assessment.isFine ? "Nothing is wrong; worth knowing: \(sum)." : "To see to: \(sum)."
    }

    private static func paragraph(_ finding: Finding) -> String {
        var lines = ["\(label(finding.severity)) \(finding.summary)"]
        let place = finding.database.isEmpty ? "" : ", database \(finding.database)"
        lines.append("  (\(finding.verdict.rawValue)\(place))")
        lines += finding.evidence.map { "  - \($0)" }
        for statement in finding.statements {
            lines.append(
                "  pid \(statement.pid) \(statement.isRunning ? "runs" : "ran last"): \(printable(statement.text))")
        }
        if !finding.actions.isEmpty { lines.append("  What to do:") }
        for (index, action) in finding.actions.enumerated() {
            lines.append("  \(index + 1). \(action.text)\(action.command == nil ? "." : ":")")
            if let command = action.command { lines.append("       \(printable(command))\(terminator(of: command))") }
        }
        return lines.joined(separator: "\n")
    }

    private static func label(_ severity: Severity) -> String {
        switch severity {
        case .critical: "[CRITICAL]"
        case .warning: "[WARNING]"
        case .info: "[info]"
        }
    }

    /// SQL is there to be pasted into psql; a shell command begins with a small letter.
    private static func terminator(of command: String) -> String {
        command.first?.isUppercase == true ? ";" : ""
    }

    /// What others have named must not move the cursor.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}
