/// The names that a target's own labels may have.
enum LabelName {
    /// The labels that incidents have by themselves.
    static let ofIncidents = ["target", "database", "tool", "alertname"]

    /// What silences match on besides: the labels of alerts, and an incident's own name and severity.
    static let ofSilences = ["severity", "incident", "run", "migration", "queryid", "slot", "receiver", "state"]

    /// The labels that the agent's own metrics and alerts have; a target's may not take their place.
    static let reserved: Set<String> = Set(
        ofIncidents + [
            "migration", "run", "state", "mode", "granted", "outcome", "queryid", "slot", "severity", "alertstate",
            "receiver", "rule", "status", "tier", "version", "le", "quantile", "job", "instance",
        ])

    static func objection(to name: String) -> (message: String, hint: String)? {
        let isName =
            name.utf8.first.map { !(48...57).contains($0) } == true
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
            }
        guard isName, !name.hasPrefix("__") else {
            return (
                "`\(name)` cannot be a label's name", "Letters, digits and `_`; not a digit first, and not `__`"
            )
        }
        guard !reserved.contains(name) else {
            return ("the label `\(name)` is Lockkeeper's or Prometheus's own", "Choose another name")
        }
        return nil
    }
}
