import PromQL

/// Reads every text of a rule file and collects what is wrong, so that all of it can be shown at once.
struct RuleFileCheck {
    private let file: String
    private(set) var problems: [RuleProblem] = []
    private var group = 0
    private var rule: Int?
    private var name = ""

    init(file: String) {
        self.file = file
    }

    mutating func groups(_ definitions: [RuleGroupDefinition]) -> [RuleGroup] {
        var names: Set<String> = []
        var result: [RuleGroup] = []
        for (index, definition) in definitions.enumerated() {
            (group, rule, name) = (index, nil, definition.name)
            if definition.name.isEmpty { report("name", "a group needs a name") }
            if !definition.name.isEmpty, !names.insert(definition.name).inserted {
                report("name", "the group name \"\(definition.name)\" is repeated in this file")
            }
            let interval = definition.interval.flatMap { duration($0, "interval") }
            if interval == .zero { report("interval", "the interval must be longer than 0") }
            let limit = definition.limit ?? 0
            if limit < 0 { report("limit", "the limit must not be negative; 0 means none") }
            let offset = definition.queryOffset.flatMap { duration($0, "query_offset") } ?? .zero
            checkLabelNames(definition.labels)
            var rules: [Rule] = []
            for (index, rule) in definition.rules.enumerated() {
                self.rule = index
                name = definition.name + "/" + (rule.alert ?? rule.record ?? "?")
                if let checked = self.rule(rule, groupLabels: definition.labels) { rules.append(checked) }
            }
            result.append(
                RuleGroup(
                    file: file, name: definition.name, interval: interval, limit: limit, queryOffset: offset,
                    rules: rules))
        }
        return result
    }

    private mutating func rule(_ definition: RuleDefinition, groupLabels: [String: String]) -> Rule? {
        let expression = expression(definition.expr)
        let hold = definition.hold.flatMap { duration($0, "for") }
        let keepFiringFor = definition.keepFiringFor.flatMap { duration($0, "keep_firing_for") }
        checkLabelNames(definition.labels)
        let labels = groupLabels.merging(definition.labels) { _, own in own }
        switch (definition.record, definition.alert) {
        case (nil, nil):
            report("alert", "a rule needs one of 'record' or 'alert'")
        case (_?, _?):
            report("alert", "only one of 'record' and 'alert' must be set")
        case (let record?, nil):
            if !LabelName.isMetricName(record) {
                report("record", "invalid recording rule name \"\(record)\", expected letters, digits, _ and :")
            }
            if definition.hold != nil { report("for", "invalid field 'for' in recording rule") }
            if definition.keepFiringFor != nil {
                report("keep_firing_for", "invalid field 'keep_firing_for' in recording rule")
            }
            if !definition.annotations.isEmpty {
                report("annotations", "invalid field 'annotations' in recording rule")
            }
            guard let expression else { return nil }
            return .recording(RecordingRule(record: record, expression: expression, labels: labels))
        case (nil, let alert?):
            if alert.isEmpty { report("alert", "an alert needs a name") }
            for key in definition.annotations.keys.sorted() where !LabelName.isLabelName(key) {
                report("annotations", "invalid annotation name \"\(key)\"", key: key)
            }
            let labelTemplates = templates(labels, "labels")
            let annotationTemplates = templates(definition.annotations, "annotations")
            guard let expression else { return nil }
            return .alerting(
                AlertingRule(
                    name: alert, expression: expression, hold: hold ?? .zero, keepFiringFor: keepFiringFor ?? .zero,
                    labels: labelTemplates, annotations: annotationTemplates))
        }
        return nil
    }

    private mutating func expression(_ text: String) -> Expression? {
        if text.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x09 || $0 == 0x0D }) {
            report("expr", "field 'expr' must be set in rule")
            return nil
        }
        do {
            let expression = try Expression(parsing: text)
            guard expression.type == .vector || expression.type == .scalar else {
                report("expr", "the expression must give an instant vector or a scalar, not a \(expression.type)")
                return nil
            }
            return expression
        } catch {
            let place = RuleProblem.Place(offset: error.offset, line: error.line, column: error.column)
            report("expr", "could not parse expression: \(error.message)", place: place)
            return nil
        }
    }

    private mutating func duration(_ text: String, _ field: String) -> Duration? {
        do {
            return .milliseconds(try DurationText.milliseconds(text))
        } catch {
            report(field, error.message)
            return nil
        }
    }

    private mutating func checkLabelNames(_ labels: [String: String]) {
        for key in labels.keys.sorted()
        where !LabelName.isLabelName(key) || key == Labels.metricNameLabel || (rule == nil && key == "alertname") {
            report("labels", "invalid label name \"\(key)\"", key: key)
        }
    }

    private mutating func templates(_ texts: [String: String], _ field: String) -> [String: AlertTemplate] {
        var result: [String: AlertTemplate] = [:]
        for (key, text) in texts.sorted(by: { $0.key < $1.key }) {
            do {
                result[key] = try AlertTemplate(parsing: text)
            } catch {
                let place = RuleProblem.Place(offset: error.offset, line: error.line, column: error.column)
                report(field, "could not parse template: \(error.message)", key: key, place: place)
            }
        }
        return result
    }

    private mutating func report(
        _ field: String, _ message: String, key: String? = nil, place: RuleProblem.Place? = nil
    ) {
        problems.append(
            RuleProblem(
                group: group, rule: rule, name: name, field: field, key: key, place: place, message: message))
    }
}
