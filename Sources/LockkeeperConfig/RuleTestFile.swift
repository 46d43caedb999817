public import LockkeeperCore

/// A file of tests for rules, in the format of `promtool test rules`, with the rule files that it names.
public struct RuleTestFile: Sendable, Hashable {
    /// As it was named.
    public var path: String
    /// In the order in which they are evaluated, `group_eval_order` aside.
    public var ruleFiles: [RuleFile]
    /// `group_eval_order`
    public var groupOrder: [String]
    /// `evaluation_interval`
    public var evaluationInterval: Duration
    /// `fuzzy_compare`: whether values are equal that differ in the last bit only.
    public var isFuzzy: Bool
    /// `tests`
    public var tests: [RuleTest]
    /// What is odd about it without being wrong.
    public var warnings: [ConfigurationProblem]

    /// Runs all tests.
    ///
    /// - Returns: what was expected otherwise; nothing if all hold.
    public func failures() -> [RuleTestFailure] {
        let run = RuleTestRun(
            groups: ruleFiles.flatMap(\.groups), order: groupOrder, evaluationInterval: evaluationInterval,
            isFuzzy: isFuzzy)
        return tests.enumerated().flatMap { run.failures(of: $0.element, index: $0.offset) }
    }
}
