public import PromQL

/// A test of rules: series in, alerts and answers out. One element of `tests` in the files of `promtool test rules`
/// (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/).
public struct RuleTest: Sendable, Hashable {
    /// A series with a value at each multiple of the test's interval.
    public struct InputSeries: Sendable, Hashable {
        /// What tells it from the others.
        public var labels: Labels
        /// From the test's start; nil where there is no sample.
        public var values: [Double?]

        public init(labels: Labels, values: [Double?]) {
            self.labels = labels
            self.values = values
        }
    }

    /// An alert that is to fire.
    public struct Alert: Sendable, Hashable {
        /// With `alertname`.
        public var labels: Labels
        /// As they are to be filled in.
        public var annotations: [String: String]

        public init(labels: Labels, annotations: [String: String] = [:]) {
            self.labels = labels
            self.annotations = annotations
        }
    }

    /// Which alerts of a name are to fire at a time: all of them, and no others.
    public struct AlertCase: Sendable, Hashable {
        /// Since the test's start; what counts is the last evaluation before it or at it.
        public var time: Duration
        /// The alerts' name.
        public var alertName: String
        /// None, if none is to fire.
        public var expected: [Alert]

        public init(time: Duration, alertName: String, expected: [Alert]) {
            self.time = time
            self.alertName = alertName
            self.expected = expected
        }
    }

    /// What an expression is to give at a time.
    public struct ExpressionCase: Sendable, Hashable {
        /// Since the test's start.
        public var time: Duration
        /// As it is written; one that cannot be read fails the case.
        public var expression: String
        /// In any order; a scalar is one sample without labels.
        public var expected: [VectorSample]

        public init(time: Duration, expression: String, expected: [VectorSample]) {
            self.time = time
            self.expression = expression
            self.expected = expected
        }
    }

    /// "" for none.
    public var name: String
    /// When it begins; all times are reckoned from here.
    public var start: Timestamp
    /// Between the samples of a series.
    public var interval: Duration
    /// What the rules see.
    public var series: [InputSeries]
    /// In any order of time.
    public var alertCases: [AlertCase]
    /// In any order of time.
    public var expressionCases: [ExpressionCase]
    /// What templates may mention.
    public var externalLabels: Labels
    /// What templates may mention.
    public var externalURL: String

    public init(
        name: String = "", start: Timestamp = Timestamp(microseconds: 0), interval: Duration,
        series: [InputSeries] = [], alertCases: [AlertCase] = [],
        expressionCases: [ExpressionCase] = [], externalLabels: Labels = Labels(), externalURL: String = ""
    ) {
        self.name = name
        self.start = start
        self.interval = interval
        self.series = series
        self.alertCases = alertCases
        self.expressionCases = expressionCases
        self.externalLabels = externalLabels
        self.externalURL = externalURL
    }
}
