import LockkeeperCore

/// `GET /api/v1/findings`
struct FindingsAnswer: Encodable {
    let targets: [TargetFindingsAnswer]
}

/// The diagnosis of a target in the JSON API.
struct TargetFindingsAnswer: Encodable {
    let target: String
    let at: String
    /// Whether the target answers; if not, only its runs are judged.
    let isKnown: Bool
    /// The severest first.
    let findings: [FindingAnswer]

    init(_ findings: TargetFindings) {
        target = findings.target
        at = findings.at.rfc3339
        isKnown = findings.isKnown
        self.findings = findings.findings.map(FindingAnswer.init)
    }
}

/// A finding in the JSON API.
struct FindingAnswer: Encodable {
    let verdict: String
    let severity: String
    /// "" where it is about the whole server.
    let database: String
    let run: String?
    let summary: String
    let evidence: [String]
    let statements: [Statement]
    let actions: [Action]

    struct Statement: Encodable {
        let pid: Int32
        let isRunning: Bool
        let text: String
    }

    struct Action: Encodable {
        let text: String
        let command: String?
    }

    init(_ finding: Finding) {
        verdict = finding.verdict.rawValue
        severity = finding.severity.rawValue
        database = finding.database
        run = finding.run
        summary = finding.summary
        evidence = finding.evidence
        statements = finding.statements.map { .init(pid: $0.pid, isRunning: $0.isRunning, text: $0.text) }
        actions = finding.actions.map { .init(text: $0.text, command: $0.command) }
    }
}

/// What `lockkeeper assess --json` prints.
struct AssessmentAnswer: Encodable {
    let target: String
    /// The server's clock.
    let at: String
    let server: TargetAnswer.ServerAnswer?
    /// Why it could not be looked at.
    let failure: TargetAnswer.FailureAnswer?
    let findings: [FindingAnswer]
    let locks: TargetLocksAnswer?
}
