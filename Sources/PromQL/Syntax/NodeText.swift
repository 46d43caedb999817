/// Prints a tree as an expression that reads back as the same tree.
enum NodeText {
    static func text(_ node: Node) -> String {
        switch node.kind {
        case .number(let value): value.isInfinite ? "Inf" : FloatText.shortest(value)
        case .string(let value): QuotedString.quote(value)
        case .parentheses(let inner): "(" + text(inner) + ")"
        case .unary(let isNegative, let operand): (isNegative ? "-" : "+") + text(operand)
        case .binary(let expression): text(expression)
        case .selector(let selector): base(selector) + modifiers(selector.offset, selector.fixedTime)
        case .range(let range):
            base(range.selector) + "[" + DurationText.text(range.range) + "]"
                + modifiers(range.selector.offset, range.selector.fixedTime)
        case .subquery(let subquery):
            text(subquery.inner) + "[" + DurationText.text(subquery.range) + ":"
                + (subquery.step.map(DurationText.text) ?? "") + "]" + modifiers(subquery.offset, subquery.fixedTime)
        case .aggregation(let aggregation): text(aggregation)
        case .call(let call):
            call.function.name + "(" + call.arguments.map(text).joined(separator: ", ") + ")"
        }
    }

    private static func text(_ expression: BinaryExpression) -> String {
        var result = text(expression.left) + " " + expression.operator.rawValue
        if expression.returnsBool { result += " bool" }
        let matching = expression.matching
        if matching.isExplicit {
            result += (matching.isOn ? " on " : " ignoring ") + names(matching.labels)
            switch matching.cardinality {
            case .manyToOne: result += " group_left " + names(matching.include)
            case .oneToMany: result += " group_right " + names(matching.include)
            case .oneToOne, .manyToMany: break
            }
        }
        return result + " " + text(expression.right)
    }

    private static func text(_ aggregation: Aggregation) -> String {
        var result = aggregation.operator.rawValue
        if aggregation.isWithout {
            result += " without " + names(aggregation.grouping) + " "
        } else if !aggregation.grouping.isEmpty {
            result += " by " + names(aggregation.grouping) + " "
        }
        let arguments = [aggregation.parameter, aggregation.inner].compactMap { $0 }
        return result + "(" + arguments.map(text).joined(separator: ", ") + ")"
    }

    private static func names(_ labels: [String]) -> String {
        let quoted = labels.map { LabelName.isLabelName($0) ? $0 : QuotedString.quote($0) }
        return "(" + quoted.joined(separator: ", ") + ")"
    }

    private static func base(_ selector: VectorSelector) -> String {
        var matchers = selector.matchers
        var result = ""
        if let name = selector.name, LabelName.isMetricName(name) {
            result = name
            matchers.removeFirst()
            if matchers.isEmpty { return result }
        }
        return result + "{" + matchers.map(\.description).joined(separator: ",") + "}"
    }

    private static func modifiers(_ offset: Int64, _ time: FixedTime?) -> String {
        var result = ""
        switch time {
        case .at(let milliseconds):
            result += " @ " + FloatText.plain(Double(milliseconds) / 1000)
        case .start: result += " @ start()"
        case .end: result += " @ end()"
        case nil: break
        }
        if offset != 0 { result += " offset " + DurationText.text(offset) }
        return result
    }
}
