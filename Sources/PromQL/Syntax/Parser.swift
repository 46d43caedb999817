/// Reads tokens by precedence climbing and checks types as the tree grows.
struct Parser {
    /// Deeper than anybody writes, and shallow enough for the stack of any thread.
    static let deepestNesting = 200

    let source: SourceText
    private let tokens: [Token]
    private var index = 0
    private var depth = 0

    init(_ text: String) {
        source = SourceText(text)
        tokens = Lexer.tokens(of: source)
    }

    mutating func parse() throws(ParseError) -> Node {
        if case .end = current.kind { throw error("no expression found in input", at: current) }
        let node = try binary(minimum: 0)
        guard case .end = current.kind else {
            throw unexpected("an operator or the end of the expression")
        }
        return node
    }

    // MARK: Operators

    private mutating func binary(minimum: Int) throws(ParseError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestNesting else { throw tooDeep(at: current) }
        var left = try unary()
        while let `operator` = binaryOperator, `operator`.precedence >= minimum {
            let token = current
            advance()
            let returnsBool = acceptKeyword("bool")
            if returnsBool, !`operator`.isComparison {
                throw error("bool modifier can only be used on comparison operators", at: token)
            }
            let matching = try matching(of: `operator`)
            let right = try binary(
                minimum: `operator`.isRightAssociative ? `operator`.precedence : `operator`.precedence + 1)
            let expression = BinaryExpression(
                operator: `operator`, returnsBool: returnsBool, matching: matching, left: left, right: right)
            left = try TypeCheck(source).checked(expression, at: token.range)
        }
        return left
    }

    private mutating func unary() throws(ParseError) -> Node {
        let token = current
        guard case .symbol(let symbol) = token.kind, symbol == .plus || symbol == .minus else {
            return try postfix()
        }
        advance()
        // `-a ^ b` is `-(a ^ b)`, and `-a * b` is `(-a) * b`.
        let operand = try binary(minimum: BinaryOperator.unaryPrecedence)
        return try TypeCheck(source).unary(isNegative: symbol == .minus, operand, at: token.range)
    }

    private var binaryOperator: BinaryOperator? {
        switch current.kind {
        case .symbol(let symbol): BinaryOperator(rawValue: symbol.rawValue)
        case .identifier(let text): BinaryOperator(rawValue: text.lowercased())
        default: nil
        }
    }

    private mutating func matching(of operator: BinaryOperator) throws(ParseError) -> VectorMatching {
        var matching = VectorMatching()
        if `operator`.isSetOperator { matching.cardinality = .manyToMany }
        let isOn = isKeyword("on")
        guard isOn || isKeyword("ignoring") else { return matching }
        advance()
        matching.isExplicit = true
        matching.isOn = isOn
        matching.labels = try labelNames()
        let isLeft = isKeyword("group_left")
        guard isLeft || isKeyword("group_right") else { return matching }
        let token = current
        advance()
        if `operator`.isSetOperator {
            throw error("no grouping allowed for \"\(`operator`.rawValue)\" operation", at: token)
        }
        matching.cardinality = isLeft ? .manyToOne : .oneToMany
        if isSymbol(.leftParenthesis) { matching.include = try labelNames() }
        if isOn, let both = matching.include.first(where: { matching.labels.contains($0) }) {
            throw error("label \"\(both)\" must not occur in ON and GROUP clause at once", at: token)
        }
        return matching
    }

    // MARK: Ranges, offsets, fixed times

    private mutating func postfix() throws(ParseError) -> Node {
        var node = try primary()
        while true {
            if isSymbol(.leftBracket) {
                node = try brackets(behind: node)
            } else if isKeyword("offset") {
                let token = current
                advance()
                let offset = try signedDuration()
                node = try modify(node, token, "offset") { selector throws(ParseError) in
                    guard selector.offset == 0 else {
                        throw error("offset may not be set multiple times", at: token)
                    }
                    selector.offset = offset
                }
            } else if isSymbol(.at) {
                let token = current
                advance()
                let time = try fixedTime()
                node = try modify(node, token, "@") { selector throws(ParseError) in
                    guard selector.fixedTime == nil else {
                        throw error("@ may not be set multiple times", at: token)
                    }
                    selector.fixedTime = time
                }
            } else {
                return node
            }
        }
    }

    private mutating func brackets(behind node: Node) throws(ParseError) -> Node {
        let open = current
        advance()
        let range = try duration()
        if range <= 0 { throw error("the range must be longer than 0", at: open) }
        if acceptSymbol(.colon) {
            let step = isSymbol(.rightBracket) ? nil : try duration()
            if step == 0 { throw error("the step of a subquery must be longer than 0", at: open) }
            try expect(.rightBracket, "]")
            guard node.type == .vector else {
                throw error("subquery is only allowed on instant vector, got \(node.type) instead", at: node)
            }
            return try make(
                .subquery(Subquery(inner: node, range: range, step: step)), .matrix, node, depth: node.depth + 1)
        }
        guard acceptSymbol(.rightBracket) else { throw unexpected("] or : behind the range") }
        guard case .selector(let selector) = node.kind else {
            throw error("ranges only allowed for vector selectors", at: node)
        }
        if selector.offset != 0 { throw error("no offset modifiers allowed before range", at: node) }
        if selector.fixedTime != nil { throw error("no @ modifiers allowed before range", at: node) }
        return try make(
            .range(RangeSelector(selector: selector, range: range)), .matrix, node, depth: node.depth + 1)
    }

    /// Applies a modifier to what can have one; a subquery's are carried by way of a selector.
    private func modify(
        _ node: Node, _ token: Token, _ name: String,
        _ change: (inout VectorSelector) throws(ParseError) -> Void
    ) throws(ParseError) -> Node {
        var node = node
        node.range = node.range.lowerBound..<previousEnd
        switch node.kind {
        case .selector(var selector):
            try change(&selector)
            node.kind = .selector(selector)
        case .range(var range):
            try change(&range.selector)
            node.kind = .range(range)
        case .subquery(var subquery):
            var carrier = VectorSelector(
                name: nil, matchers: [], offset: subquery.offset, fixedTime: subquery.fixedTime)
            try change(&carrier)
            subquery.offset = carrier.offset
            subquery.fixedTime = carrier.fixedTime
            node.kind = .subquery(subquery)
        default:
            throw error(
                "\(name) modifier must be preceded by an instant vector selector or range vector selector "
                    + "or a subquery", at: token)
        }
        return node
    }

    private mutating func signedDuration() throws(ParseError) -> Int64 {
        if acceptSymbol(.minus) { return -(try duration()) }
        _ = acceptSymbol(.plus)
        return try duration()
    }

    /// A duration, or a number of seconds, which Prometheus 3 takes as well.
    private mutating func duration() throws(ParseError) -> Int64 {
        switch current.kind {
        case .duration(let milliseconds):
            advance()
            return milliseconds
        case .number(let seconds):
            let milliseconds = (seconds * 1000).rounded()
            guard milliseconds.isFinite, milliseconds >= 0, milliseconds <= Double(DurationText.longest) else {
                throw error("duration out of range", at: current)
            }
            advance()
            return Int64(milliseconds)
        default:
            throw unexpected("a duration such as 5m")
        }
    }

    private mutating func fixedTime() throws(ParseError) -> FixedTime {
        for (word, time) in [("start", FixedTime.start), ("end", FixedTime.end)] where isKeyword(word) {
            advance()
            try expect(.leftParenthesis, "( behind \(word)")
            try expect(.rightParenthesis, ")")
            return time
        }
        let isNegative = acceptSymbol(.minus)
        if !isNegative { _ = acceptSymbol(.plus) }
        let token = current
        let seconds: Double
        switch token.kind {
        case .number(let value): seconds = value
        case .identifier(let text):
            guard let value = Self.namedNumber(text) else { throw unexpected("a timestamp, start() or end()") }
            seconds = value
        default: throw unexpected("a timestamp, start() or end()")
        }
        advance()
        // Within what 64 bits of milliseconds hold, with room for offsets.
        guard seconds.magnitude < 9e14 else {
            throw error("timestamp out of bounds for @ modifier: \(FloatText.shortest(seconds))", at: token)
        }
        return .at(Int64(((isNegative ? -seconds : seconds) * 1000).rounded()))
    }

    // MARK: Operands

    private mutating func primary() throws(ParseError) -> Node {
        let token = current
        switch token.kind {
        case .number(let value):
            advance()
            return try make(.number(value), .scalar, token)
        case .duration(let milliseconds):
            // As Prometheus 3: a duration is a number of seconds.
            advance()
            return try make(.number(Double(milliseconds) / 1000), .scalar, token)
        case .string(let value):
            advance()
            return try make(.string(value), .string, token)
        case .symbol(.leftParenthesis):
            advance()
            let inner = try binary(minimum: 0)
            try expect(.rightParenthesis, ") or an operator")
            return try make(.parentheses(inner), inner.type, token, depth: inner.depth + 1)
        case .symbol(.leftBrace):
            return try selector(name: nil, from: token)
        case .identifier(let text):
            return try named(text)
        default:
            throw unexpected("an expression")
        }
    }

    private mutating func named(_ text: String) throws(ParseError) -> Node {
        let token = current
        let word = text.lowercased()
        if let value = Self.namedNumber(text) {
            advance()
            return try make(.number(value), .scalar, token)
        }
        if let `operator` = AggregationOperator(rawValue: word),
            nextIsSymbol(.leftParenthesis) || nextIsKeyword("by") || nextIsKeyword("without")
        {
            return try aggregation(`operator`)
        }
        if nextIsSymbol(.leftParenthesis) { return try call(text) }
        if ["bool", "on", "ignoring", "group_left", "group_right", "atan2"].contains(word) {
            throw unexpected("an expression")
        }
        advance()
        return try selector(name: text, from: token)
    }

    private static func namedNumber(_ text: String) -> Double? {
        switch text.lowercased() {
        case "inf": .infinity
        case "nan": .nan
        default: nil
        }
    }

    private mutating func call(_ name: String) throws(ParseError) -> Node {
        let token = current
        let function: Function
        switch FunctionTable.lookup(name) {
        case .found(let found): function = found
        case .notSupported:
            throw error("function \"\(name)\" is not supported", at: token)
        case .unknown:
            throw error("unknown function with name \"\(name)\"", at: token)
        }
        advance()
        let arguments = try arguments()
        let depth = (arguments.map(\.depth).max() ?? 0) + 1
        try TypeCheck(source).arguments(arguments, of: function, at: token.range)
        return try make(
            .call(Call(function: function, arguments: arguments)), function.returns, token, depth: depth)
    }

    private mutating func arguments() throws(ParseError) -> [Node] {
        try expect(.leftParenthesis, "(")
        var arguments: [Node] = []
        if acceptSymbol(.rightParenthesis) { return arguments }
        repeat {
            if isSymbol(.rightParenthesis) {
                throw error("trailing commas not allowed in function call args", at: current)
            }
            arguments.append(try binary(minimum: 0))
        } while acceptSymbol(.comma)
        try expect(.rightParenthesis, ", or ) behind the argument")
        return arguments
    }

    private mutating func aggregation(_ operator: AggregationOperator) throws(ParseError) -> Node {
        let token = current
        advance()
        var grouping: (isWithout: Bool, labels: [String])?
        if isKeyword("by") || isKeyword("without") { grouping = try groupingClause() }
        let arguments = try arguments()
        if grouping == nil, isKeyword("by") || isKeyword("without") { grouping = try groupingClause() }
        let parameterType = `operator`.parameterType
        let wanted = parameterType == nil ? 1 : 2
        guard arguments.count == wanted else {
            throw error(
                "wrong number of arguments for aggregate expression provided, expected \(wanted), "
                    + "got \(arguments.count)", at: token)
        }
        let check = TypeCheck(source)
        let inner = arguments[wanted - 1]
        let parameter = wanted == 2 ? arguments[0] : nil
        try check.expect(.vector, inner, "aggregation expression")
        if let parameter, let parameterType {
            try check.expect(parameterType, parameter, "aggregation parameter")
        }
        let aggregation = Aggregation(
            operator: `operator`, parameter: parameter, inner: inner,
            isWithout: grouping?.isWithout ?? false, grouping: grouping?.labels ?? [])
        let depth = (arguments.map(\.depth).max() ?? 0) + 1
        return try make(.aggregation(aggregation), .vector, token, depth: depth)
    }

    private mutating func groupingClause() throws(ParseError) -> (isWithout: Bool, labels: [String]) {
        let isWithout = isKeyword("without")
        advance()
        return (isWithout, try labelNames())
    }

    /// `(a, b)`, also empty, also with a comma at the end.
    private mutating func labelNames() throws(ParseError) -> [String] {
        try expect(.leftParenthesis, "( and label names")
        var names: [String] = []
        while !isSymbol(.rightParenthesis) {
            switch current.kind {
            case .identifier(let text) where LabelName.isLabelName(text): names.append(text)
            case .string(let text) where !text.isEmpty: names.append(text)
            default: throw unexpected("a label name")
            }
            advance()
            guard acceptSymbol(.comma) || isSymbol(.rightParenthesis) else {
                throw unexpected(", or ) behind the label name")
            }
        }
        advance()
        return names
    }

    // MARK: Selectors

    private mutating func selector(name: String?, from token: Token) throws(ParseError) -> Node {
        var selector = VectorSelector(name: name, matchers: [])
        if let name { selector.matchers.append(LabelMatcher(Labels.metricNameLabel, is: name)) }
        if acceptSymbol(.leftBrace) {
            while !isSymbol(.rightBrace) {
                try matcher(into: &selector)
                guard acceptSymbol(.comma) || isSymbol(.rightBrace) else {
                    throw unexpected(", or } behind the label matcher")
                }
            }
            advance()
        }
        guard selector.matchers.contains(where: { !$0.matches("") }) else {
            throw error("vector selector must contain at least one non-empty matcher", at: token)
        }
        return try make(.selector(selector), .vector, token)
    }

    private mutating func matcher(into selector: inout VectorSelector) throws(ParseError) {
        let token = current
        let label: String
        switch token.kind {
        case .identifier(let text): label = text
        case .string(let text):
            label = text
            // `{"a.name"}` is a metric's name.
            if nextIsSymbol(.comma) || nextIsSymbol(.rightBrace) {
                advance()
                try setName(text, of: &selector, at: token)
                return
            }
        default: throw unexpected("a label name or }")
        }
        advance()
        let operation: LabelMatcher.Operation
        switch current.kind {
        case .symbol(.assign): operation = .equal
        case .symbol(.notEqual): operation = .notEqual
        case .symbol(.matches): operation = .matches
        case .symbol(.doesNotMatch): operation = .doesNotMatch
        default: throw unexpected("one of = != =~ !~ behind the label name")
        }
        advance()
        let valueToken = current
        guard case .string(let value) = valueToken.kind else {
            throw unexpected("a quoted string as the label's value")
        }
        advance()
        do {
            let matcher = try LabelMatcher(label, operation, value)
            if label == Labels.metricNameLabel, let name = selector.name {
                throw ParseError(
                    "metric name must not be set twice: \"\(name)\" or \"\(value)\"", at: token.range.lowerBound,
                    in: source)
            }
            selector.matchers.append(matcher)
        } catch let flaw as RegexError {
            throw error(flaw.description, at: valueToken)
        } catch let flaw as ParseError {
            throw flaw
        } catch {
            throw self.error("\(error)", at: valueToken)
        }
    }

    private func setName(_ name: String, of selector: inout VectorSelector, at token: Token) throws(ParseError) {
        if let first = selector.name {
            throw error("metric name must not be set twice: \"\(first)\" or \"\(name)\"", at: token)
        }
        selector.name = name
        selector.matchers.insert(LabelMatcher(Labels.metricNameLabel, is: name), at: 0)
    }

    // MARK: Tokens

    private var current: Token { tokens[index] }

    private var previousEnd: Int { index > 0 ? tokens[index - 1].range.upperBound : 0 }

    private mutating func advance() {
        if index + 1 < tokens.count { index += 1 }
    }

    private var following: Token { tokens[min(index + 1, tokens.count - 1)] }

    private func isSymbol(_ symbol: Token.Symbol) -> Bool { current.kind == .symbol(symbol) }

    private func nextIsSymbol(_ symbol: Token.Symbol) -> Bool { following.kind == .symbol(symbol) }

    private func isKeyword(_ word: String) -> Bool { Self.isKeyword(word, current) }

    private func nextIsKeyword(_ word: String) -> Bool { Self.isKeyword(word, following) }

    private static func isKeyword(_ word: String, _ token: Token) -> Bool {
        if case .identifier(let text) = token.kind { text.lowercased() == word } else { false }
    }

    private mutating func acceptSymbol(_ symbol: Token.Symbol) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    private mutating func acceptKeyword(_ word: String) -> Bool {
        guard isKeyword(word) else { return false }
        advance()
        return true
    }

    private mutating func expect(_ symbol: Token.Symbol, _ wanted: String) throws(ParseError) {
        guard acceptSymbol(symbol) else { throw unexpected(wanted) }
    }

    // MARK: Nodes and errors

    private func make(_ kind: Node.Kind, _ type: ValueType, _ token: Token, depth: Int = 1) throws(ParseError) -> Node {
        guard depth <= Self.deepestNesting else { throw tooDeep(at: token) }
        return Node(kind: kind, type: type, range: token.range.lowerBound..<previousEnd, depth: depth)
    }

    private func make(_ kind: Node.Kind, _ type: ValueType, _ node: Node, depth: Int) throws(ParseError) -> Node {
        guard depth <= Self.deepestNesting else { throw tooDeep(at: current) }
        return Node(kind: kind, type: type, range: node.range.lowerBound..<previousEnd, depth: depth)
    }

    private func unexpected(_ wanted: String) -> ParseError {
        if case .invalid(let message) = current.kind { return error(message, at: current) }
        return error("unexpected \(current.name), expected \(wanted)", at: current)
    }

    private func tooDeep(at token: Token) -> ParseError {
        error("the expression is nested too deeply, at most \(Self.deepestNesting) levels", at: token)
    }

    private func error(_ message: String, at token: Token) -> ParseError {
        ParseError(message, at: token.range.lowerBound, in: source)
    }

    private func error(_ message: String, at node: Node) -> ParseError {
        ParseError(message, at: node.range.lowerBound, in: source)
    }
}
