/// Which types go together; the messages are Prometheus's where it has one.
struct TypeCheck {
    private let source: SourceText

    init(_ source: SourceText) {
        self.source = source
    }

    func expect(_ type: ValueType, _ node: Node, _ context: String) throws(ParseError) {
        guard node.type == type else {
            throw error("expected type \(type) in \(context), got \(node.type)", at: node.range)
        }
    }

    func unary(isNegative: Bool, _ operand: Node, at range: Range<Int>) throws(ParseError) -> Node {
        guard operand.type == .scalar || operand.type == .vector else {
            throw error(
                "unary expression only allowed on expressions of type scalar or instant vector, got \(operand.type)",
                at: range)
        }
        return try node(
            .unary(isNegative: isNegative, operand), operand.type, range.lowerBound..<operand.range.upperBound,
            depth: operand.depth + 1)
    }

    func checked(_ expression: BinaryExpression, at range: Range<Int>) throws(ParseError) -> Node {
        let left = expression.left
        let right = expression.right
        let `operator` = expression.operator
        for side in [left, right] where side.type != .scalar && side.type != .vector {
            throw error(
                "binary expression must contain only scalar and instant vector types, got \(side.type)", at: side.range)
        }
        let bothScalar = left.type == .scalar && right.type == .scalar
        let bothVector = left.type == .vector && right.type == .vector
        if `operator`.isComparison, !expression.returnsBool, bothScalar {
            throw error("comparisons between scalars must use BOOL modifier", at: range)
        }
        if `operator`.isSetOperator, !bothVector {
            throw error("set operator \"\(`operator`.rawValue)\" not allowed in binary scalar expression", at: range)
        }
        if expression.matching.isExplicit, !bothVector {
            throw error("vector matching only allowed between instant vectors", at: range)
        }
        return try node(
            .binary(expression), bothScalar ? .scalar : .vector,
            left.range.lowerBound..<right.range.upperBound, depth: max(left.depth, right.depth) + 1)
    }

    func arguments(_ arguments: [Node], of function: Function, at range: Range<Int>) throws(ParseError) {
        let wanted = function.required.count
        let largest = function.isVariadic ? Int.max : wanted + function.optional.count
        guard arguments.count >= wanted, arguments.count <= largest else {
            let quantity =
                if largest == wanted { "\(wanted)" } else if arguments.count < wanted { "at least \(wanted)" } else {
                    "at most \(largest)"
                }
            throw error(
                "expected \(quantity) argument(s) in call to \"\(function.name)\", got \(arguments.count)", at: range)
        }
        for (index, argument) in arguments.enumerated() {
            try expect(function.argumentType(index), argument, "call to function \"\(function.name)\"")
        }
    }

    private func node(
        _ kind: Node.Kind, _ type: ValueType, _ range: Range<Int>, depth: Int
    ) throws(ParseError) -> Node {
        guard depth <= Parser.deepestNesting else {
            throw error(
                "the expression is nested too deeply, at most \(Parser.deepestNesting) levels", at: range)
        }
        return Node(kind: kind, type: type, range: range, depth: depth)
    }

    private func error(_ message: String, at range: Range<Int>) -> ParseError {
        ParseError(message, at: range.lowerBound, in: source)
    }
}
