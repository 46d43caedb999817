/// A rule file in Prometheus's format, read and checked
/// (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).
public struct RuleFile: Sendable, Hashable {
    /// The file's name as given, for messages.
    public let name: String
    /// Its groups, evaluated in this order.
    public let groups: [RuleGroup]

    /// Checks what a rule file says.
    ///
    /// - Parameters:
    ///   - name: the file's name, for messages.
    ///   - groups: the groups as they stand in the file.
    /// - Throws: `RuleFileError` with all that is wrong, not only the first.
    public init(name: String, groups: [RuleGroupDefinition]) throws(RuleFileError) {
        var check = RuleFileCheck(file: name)
        let checked = check.groups(groups)
        guard check.problems.isEmpty else { throw RuleFileError(file: name, problems: check.problems) }
        self.name = name
        self.groups = checked
    }
}

/// A group as it stands in a rule file; texts are not yet read.
public struct RuleGroupDefinition: Sendable, Hashable {
    /// `name`
    public var name: String
    /// `interval`, for example `30s`
    public var interval: String?
    /// `limit`
    public var limit: Int?
    /// `query_offset`
    public var queryOffset: String?
    /// `labels`, added to all rules of the group
    public var labels: [String: String]
    /// `rules`
    public var rules: [RuleDefinition]

    /// A group of a rule file.
    public init(
        name: String, interval: String? = nil, limit: Int? = nil, queryOffset: String? = nil,
        labels: [String: String] = [:], rules: [RuleDefinition]
    ) {
        self.name = name
        self.interval = interval
        self.limit = limit
        self.queryOffset = queryOffset
        self.labels = labels
        self.rules = rules
    }
}

/// A rule as it stands in a rule file; texts are not yet read.
public struct RuleDefinition: Sendable, Hashable {
    /// `record`
    public var record: String?
    /// `alert`
    public var alert: String?
    /// `expr`
    public var expr: String
    /// `for`
    public var hold: String?
    /// `keep_firing_for`
    public var keepFiringFor: String?
    /// `labels`
    public var labels: [String: String]
    /// `annotations`
    public var annotations: [String: String]

    /// A rule of a rule file: exactly one of `record` and `alert` is wanted.
    ///
    /// - Parameter hold: the file's `for`.
    public init(
        record: String? = nil, alert: String? = nil, expr: String, for hold: String? = nil,
        keepFiringFor: String? = nil, labels: [String: String] = [:], annotations: [String: String] = [:]
    ) {
        self.record = record
        self.alert = alert
        self.expr = expr
        self.hold = hold
        self.keepFiringFor = keepFiringFor
        self.labels = labels
        self.annotations = annotations
    }
}
