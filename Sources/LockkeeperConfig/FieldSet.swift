/// The fields that one kind of mapping in a configuration or rule file may have.
struct FieldSet: Hashable {
    /// The path of the mapping, `[]` standing for an element of a list.
    let path: String
    let known: [String]
    /// What later versions will understand.
    let later: [String]

    private init(_ path: String, _ known: [String], later: [String] = []) {
        self.path = path
        self.known = known
        self.later = later
    }

    static let root = FieldSet(
        "",
        [
            "listen", "state", "external_url", "web", "targets", "leader_election", "sampling", "rules", "receivers",
            "routes", "maintenance", "heartbeat", "privacy",
        ])
    static let web = FieldSet("web", ["token", "token_file", "basic_auth_users", "tls"])
    static let webTLS = FieldSet("web.tls", ["cert_file", "key_file"])
    static let target = FieldSet("targets[]", ["name", "dsn", "dsn_file", "databases", "migrations", "labels"])
    static let migrations = FieldSet("targets[].migrations", ["tool", "folder"])
    static let sampling = FieldSet(
        "sampling",
        [
            "glance", "idle", "active", "history", "statements", "catalog", "lock_timeout", "statement_timeout",
            "connect_timeout",
        ])
    static let rules = FieldSet("rules", ["files", "interval"])
    static let receiver = FieldSet(
        "receivers[]",
        [
            "name", "templates", "query_text", "slack", "email", "webhook", "statuspage", "cachet", "pagerduty",
            "alertmanager",
        ])
    static let templates = FieldSet("receivers[].templates", ["title", "text", "action"])
    static let slack = FieldSet(
        "receivers[].slack", ["webhook_url", "webhook_url_file", "token", "token_file", "channel", "api_url"])
    static let email = FieldSet(
        "receivers[].email",
        ["smtp", "tls", "username", "password", "password_file", "from", "to", "ca_file"])
    static let webhook = FieldSet("receivers[].webhook", ["url", "url_file", "secret", "secret_file", "allow_http"])
    static let statuspage = FieldSet(
        "receivers[].statuspage", ["page", "token", "token_file", "components", "notify_subscribers", "api_url"])
    static let cachet = FieldSet(
        "receivers[].cachet", ["url", "token", "token_file", "components", "notify_subscribers", "allow_http"])
    static let pagerduty = FieldSet("receivers[].pagerduty", ["routing_key", "routing_key_file", "api_url"])
    static let alertmanager = FieldSet("receivers[].alertmanager", ["urls", "token", "token_file", "allow_http"])
    static let route = FieldSet(
        "routes[]",
        [
            "receiver", "severity", "match", "matchers", "active_hours", "minimum_duration", "reminder_interval",
            "unacknowledged_for", "digest",
        ])
    static let activeHours = FieldSet("routes[].active_hours", ["days", "from", "until", "time_zone"])
    static let maintenance = FieldSet(
        "maintenance[]", ["name", "target", "matchers", "from", "until", "comment", "announce"])
    static let heartbeat = FieldSet(
        "heartbeat", ["url", "url_file", "fail_url", "fail_url_file", "interval", "allow_http"])
    static let privacy = FieldSet("privacy", ["query_text"])

    static let all = [
        root, web, webTLS, target, migrations, sampling, rules, receiver, templates, slack, email, webhook, statuspage,
        cachet,
        pagerduty,
        alertmanager, route, activeHours, maintenance, heartbeat, privacy,
    ]

    // MARK: - Prometheus rule files

    static let ruleFile = FieldSet("", ["groups"])
    static let ruleGroup = FieldSet("groups[]", ["name", "interval", "limit", "query_offset", "labels", "rules"])
    static let rule = FieldSet(
        "groups[].rules[]", ["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"])

    static let allOfRuleFiles = [ruleFile, ruleGroup, rule]

    // MARK: - Tests of rule files

    static let ruleTestFile = FieldSet(
        "", ["rule_files", "evaluation_interval", "fuzzy_compare", "group_eval_order", "tests"])
    static let ruleTest = FieldSet(
        "tests[]",
        [
            "name", "start_timestamp", "interval", "input_series", "alert_rule_test", "promql_expr_test",
            "external_labels",
            "external_url",
        ])
    static let inputSeries = FieldSet("tests[].input_series[]", ["series", "values"])
    static let alertCase = FieldSet("tests[].alert_rule_test[]", ["eval_time", "alertname", "exp_alerts"])
    static let expectedAlert = FieldSet(
        "tests[].alert_rule_test[].exp_alerts[]", ["exp_labels", "exp_annotations"])
    static let expressionCase = FieldSet("tests[].promql_expr_test[]", ["expr", "eval_time", "exp_samples"])
    static let expectedSample = FieldSet(
        "tests[].promql_expr_test[].exp_samples[]", ["labels", "value"], later: ["histogram"])

    static let allOfRuleTests = [
        ruleTestFile, ruleTest, inputSeries, alertCase, expectedAlert, expressionCase, expectedSample,
    ]

    /// What to tell somebody who wrote a field that is not in this set.
    func hint(for field: String) -> String? {
        if let near = Suggestion.nearest(to: field, in: known + later) { return "Did you mean `\(near)`?" }
        // Right word, wrong place: most often too little or too much indentation.
        let family = [Self.all, Self.allOfRuleFiles].first { $0.contains(self) } ?? Self.allOfRuleTests
        let places = family.filter { $0 != self && ($0.known + $0.later).contains(field) }
        if let place = places.first, places.count == 1, place.path.isEmpty { return "`\(field)` belongs at the top" }
        if (1...2).contains(places.count), places.allSatisfy({ !$0.path.isEmpty }) {
            return "`\(field)` belongs under " + ConfigurationField.list(places.map(\.path), conjunction: "or")
        }
        return "Known here: " + known.map { "`\($0)`" }.joined(separator: ", ")
    }
}
