/// A selector in an expression, and how far back it looks.
public struct SelectorUse: Hashable, Sendable {
    /// The metric's name, when the selector asks for exactly one.
    public let metricName: String?
    /// All its conditions, the name's among them.
    public let matchers: [LabelMatcher]
    /// How long before the time of evaluation the oldest sample may lie that it asks for, in milliseconds: ranges,
    /// offsets and enclosing subqueries together. 0 when the newest sample is all it needs.
    public let lookback: Int64
    /// It asks for a fixed time (`@`), so that no look-back suffices as time goes on.
    public let hasFixedTime: Bool
}

extension Expression {
    /// The selectors of the expression in the order of the text.
    public var selectors: [SelectorUse] {
        var uses: [SelectorUse] = []
        Expression.collect(root, lookback: 0, hasFixedTime: false, isHistoric: false, into: &uses)
        return uses
    }

    /// The selector that is the whole expression; nil when the expression is anything more or else.
    public var asSelector: SelectorUse? {
        if case .selector = root.unwrapped.kind { selectors.first } else { nil }
    }

    /// The names of the metrics it selects by name.
    public var metricNames: Set<String> { Set(selectors.compactMap(\.metricName)) }

    /// The longest look-back of all its selectors, in milliseconds.
    public var longestLookback: Int64 { selectors.map(\.lookback).max() ?? 0 }

    private static func collect(
        _ node: Node, lookback: Int64, hasFixedTime: Bool, isHistoric: Bool, into uses: inout [SelectorUse]
    ) {
        func use(_ selector: VectorSelector, range: Int64) {
            let reach = lookback.saturatingAdding(range).saturatingAdding(max(selector.offset, 0))
            // At an earlier time, an instant selector itself looks back for the newest sample before it.
            let isInstantOfPast = range == 0 && (reach > 0 || isHistoric)
            let name = selector.matchers.first {
                $0.name == Labels.metricNameLabel && $0.operation == .equal && !$0.value.isEmpty
            }
            uses.append(
                SelectorUse(
                    metricName: name?.value, matchers: selector.matchers,
                    lookback: reach.saturatingAdding(isInstantOfPast ? EvaluationOptions.defaultLookback : 0),
                    hasFixedTime: hasFixedTime || selector.fixedTime != nil))
        }
        switch node.kind {
        case .number, .string: break
        case .parentheses(let inner), .unary(_, let inner):
            collect(inner, lookback: lookback, hasFixedTime: hasFixedTime, isHistoric: isHistoric, into: &uses)
        case .binary(let expression):
            for side in [expression.left, expression.right] {
                collect(side, lookback: lookback, hasFixedTime: hasFixedTime, isHistoric: isHistoric, into: &uses)
            }
        case .selector(let selector): use(selector, range: 0)
        case .range(let range): use(range.selector, range: range.range)
        case .subquery(let subquery):
            collect(
                subquery.inner,
                lookback: lookback.saturatingAdding(subquery.range).saturatingAdding(max(subquery.offset, 0)),
                hasFixedTime: hasFixedTime || subquery.fixedTime != nil, isHistoric: true, into: &uses)
        case .aggregation(let aggregation):
            for part in [aggregation.parameter, aggregation.inner].compactMap({ $0 }) {
                collect(part, lookback: lookback, hasFixedTime: hasFixedTime, isHistoric: isHistoric, into: &uses)
            }
        case .call(let call):
            for argument in call.arguments {
                collect(argument, lookback: lookback, hasFixedTime: hasFixedTime, isHistoric: isHistoric, into: &uses)
            }
        }
    }
}
