import PromQL

/// An alerting rule with its alerts.
struct AlertBook: Sendable {
    let rule: AlertingRule
    let identity: RuleIdentity
    private let group: RuleGroup
    private let selectors: [SelectorUse]
    private let canFreeze: Bool
    private var active: [Labels: AlertInstance] = [:]
    /// Restored, and not yet seen since.
    private var unconfirmed: Set<Labels> = []

    init(_ rule: AlertingRule, _ identity: RuleIdentity, group: RuleGroup, alwaysKnown: Set<String>) {
        self.rule = rule
        self.identity = identity
        self.group = group
        selectors = rule.expression.selectors
        canFreeze = selectors.contains { $0.metricName.map { !alwaysKnown.contains($0) } ?? true }
    }

    /// By their labels.
    var alerts: [AlertInstance] {
        active.values.sorted { $0.labels < $1.labels }
    }

    mutating func restore(_ alert: AlertInstance) {
        active[alert.labels] = alert
        if alert.isActive { unconfirmed.insert(alert.labels) }
    }

    /// `ALERTS` and `ALERTS_FOR_STATE` of the alerts that are pending or firing.
    var samples: [VectorSample] {
        alerts.filter(\.isActive).flatMap { alert in
            let state = alert.labels.setting("alertstate", to: alert.state.rawValue)
            return [
                VectorSample(labels: Labels(metric: "ALERTS", state), value: 1),
                VectorSample(
                    labels: Labels(metric: "ALERTS_FOR_STATE", alert.labels),
                    value: Double(alert.activeAt.milliseconds / 1000)),
            ]
        }
    }

    mutating func evaluate(
        at time: Timestamp, over window: SeriesWindow, context: RuleContext, isFrozen: (Labels) -> Bool,
        into result: inout RuleEvaluation
    ) {
        let before = active
        var next: [Labels: AlertInstance]
        do {
            let found = try conditions(at: time, over: window, context: context, into: &result)
            next = advance(found, at: time, window, isFrozen)
        } catch {
            result.failures.append(RuleFailure(group: group.name, rule: rule.name, message: error.message))
            next = before.mapValues { $0.isActive ? Self.frozen($0, .evaluationFailed) : $0 }
        }
        let count = next.values.count(where: \.isActive)
        if group.limit > 0, count > group.limit {
            result.failures.append(
                RuleFailure(
                    group: group.name, rule: rule.name,
                    message: "exceeded limit of \(group.limit) with \(count) alerts"))
            for alert in before.values.filter(\.isActive).sorted(by: { $0.labels < $1.labels }) {
                var gone = alert
                if gone.state == .firing {
                    gone.state = .resolved
                    gone.resolvedAt = time
                }
                gone.freeze = nil
                result.transitions.append(
                    AlertTransition(alert: gone, from: alert.state, reason: .exceededLimit))
            }
            if !before.isEmpty { result.hasNewState = true }
            next = [:]
            unconfirmed = []
        } else {
            report(before, next, into: &result)
        }
        active = next
    }

    // MARK: The condition

    /// What the expression gives, with the labels and annotations of the alerts that it means.
    private func conditions(
        at time: Timestamp, over window: SeriesWindow, context: RuleContext, into result: inout RuleEvaluation
    ) throws(AlertRuleFailure) -> [AlertInstance] {
        let evaluationTime = (time - group.queryOffset).milliseconds
        let samples: [VectorSample]
        do {
            samples =
                try rule.expression.evaluate(at: evaluationTime, over: window, options: context.options).asVector ?? []
        } catch {
            throw AlertRuleFailure(message: "\(error)")
        }
        var seen: Set<Labels> = []
        var found: [AlertInstance] = []
        for sample in samples {
            // Templates see the metric's name among the labels, as in Prometheus.
            let filler = TemplateFiller(
                labels: sample.labels, value: sample.value, context: context, series: window, time: evaluationTime)
            var labels = sample.labels.withoutMetricName
            for (name, template) in rule.labels.sorted(by: { $0.key < $1.key }) {
                do {
                    labels[name] = try filler.fill(template)
                } catch {
                    // A wrong label would be another alert, and the right one would seem to be over.
                    throw AlertRuleFailure(message: "label \(name): \(error)")
                }
            }
            labels["alertname"] = rule.name
            guard seen.insert(labels).inserted else {
                throw AlertRuleFailure(
                    message: "vector contains metrics with the same labelset after applying alert labels: \(labels)")
            }
            var annotations: [String: String] = [:]
            for (name, template) in rule.annotations.sorted(by: { $0.key < $1.key }) {
                do {
                    annotations[name] = try filler.fill(template)
                } catch {
                    annotations[name] = "<error expanding template: \(error)>"
                    result.failures.append(
                        RuleFailure(
                            group: group.name, rule: rule.name, message: "annotation \(name): \(error)",
                            isOfAnnotation: true))
                }
            }
            found.append(
                AlertInstance(
                    rule: identity, labels: labels, annotations: annotations, state: .pending, activeAt: time,
                    value: sample.value))
        }
        return found
    }

    // MARK: The alerts' lives

    private mutating func advance(
        _ found: [AlertInstance], at time: Timestamp, _ window: SeriesWindow, _ isFrozen: (Labels) -> Bool
    ) -> [Labels: AlertInstance] {
        var next = active
        var present: Set<Labels> = []
        for alert in found {
            if canFreeze, isFrozen(alert.labels) { continue }
            present.insert(alert.labels)
            unconfirmed.remove(alert.labels)
            if var known = next[alert.labels], known.isActive {
                known.value = alert.value
                known.annotations = alert.annotations
                known.keepFiringSince = nil
                known.freeze = nil
                next[alert.labels] = known
            } else {
                next[alert.labels] = alert
            }
        }
        for (labels, alert) in next {
            if alert.isActive, canFreeze, isFrozen(labels) {
                next[labels] = Self.frozen(alert, .targetUnreachable)
            } else if present.contains(labels) {
                next[labels] = progressed(alert, at: time)
            } else if alert.isActive, isWarmingUp(labels, at: time, window) {
                next[labels] = Self.frozen(alert, .warmingUp)
            } else {
                unconfirmed.remove(labels)
                next[labels] = receded(alert, at: time)
            }
        }
        return next
    }

    /// The condition holds.
    private func progressed(_ alert: AlertInstance, at time: Timestamp) -> AlertInstance {
        var alert = alert
        let hasHeld = time - alert.activeAt >= rule.hold
        if alert.state == .pending, hasHeld {
            alert.state = .firing
            alert.firedAt = time
        } else if alert.state == .firing, !hasHeld {
            // The rule was changed to want more.
            alert.state = .pending
            alert.firedAt = nil
        }
        return alert
    }

    /// The condition does not hold.
    ///
    /// - Returns: nil when the alert is forgotten.
    private func receded(_ alert: AlertInstance, at time: Timestamp) -> AlertInstance? {
        var alert = alert
        alert.freeze = nil
        switch alert.state {
        case .pending: return nil
        case .resolved:
            guard let resolvedAt = alert.resolvedAt, time - resolvedAt <= RuleEvaluator.resolvedRetention else {
                return nil
            }
            return alert
        case .firing:
            if rule.keepFiringFor > .zero {
                let since = alert.keepFiringSince ?? time
                alert.keepFiringSince = since
                if time - since < rule.keepFiringFor { return alert }
            }
            alert.state = .resolved
            alert.resolvedAt = time
            return alert
        }
    }

    private func isWarmingUp(_ labels: Labels, at time: Timestamp, _ window: SeriesWindow) -> Bool {
        let evaluationTime = (time - group.queryOffset).milliseconds
        return unconfirmed.contains(labels) && !selectors.allSatisfy { window.covers($0, at: evaluationTime) }
    }

    private static func frozen(_ alert: AlertInstance, _ reason: AlertInstance.FreezeReason) -> AlertInstance {
        var alert = alert
        alert.freeze = reason
        return alert
    }

    // MARK: What changed

    private func report(
        _ before: [Labels: AlertInstance], _ after: [Labels: AlertInstance], into result: inout RuleEvaluation
    ) {
        for labels in Set(before.keys).union(after.keys).sorted() {
            let (old, new) = (before[labels], after[labels])
            if let old, let new, old.hasSameState(as: new) { continue }
            result.hasNewState = true
            let from = old.flatMap { $0.isActive ? $0 : nil }
            guard let new else {
                // A resolved alert is forgotten without a word.
                if let from {
                    result.transitions.append(AlertTransition(alert: from, from: from.state, reason: .vanished))
                }
                continue
            }
            let reason: AlertTransition.Reason? =
                switch (from?.state, new.state) {
                case (nil, .pending): .becamePending
                case (nil, .firing), (.pending, .firing): .fired
                case (.firing, .pending): .demoted
                case (.firing, .resolved): .resolved
                default:
                    switch (from?.isFrozen ?? false, new.isFrozen) {
                    case (false, true): .froze
                    case (true, false): .thawed
                    default: nil
                    }
                }
            if let reason {
                result.transitions.append(AlertTransition(alert: new, from: from?.state, reason: reason))
            }
        }
    }
}

/// Why a rule gives no alerts this time.
struct AlertRuleFailure: Error {
    let message: String
}
