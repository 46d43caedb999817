import HTTPTypes

/// Why a question in Prometheus's API is not answered, in its shape.
struct PrometheusFailure: Error, Encodable {
    /// Prometheus's own names.
    enum Kind: String, Encodable {
        /// The request is wrong.
        case badData = "bad_data"
        /// The expression is right, but not over these series.
        case execution
    }

    let status = "error"
    let errorType: Kind
    let error: String

    init(_ kind: Kind, _ message: String) {
        errorType = kind
        error = message
    }

    /// A parameter that is wrong.
    static func parameter(_ name: String, _ message: String) -> PrometheusFailure {
        PrometheusFailure(.badData, "invalid parameter \"\(name)\": \(message)")
    }

    var code: HTTPTypes.HTTPResponse.Status { errorType == .badData ? .badRequest : .unprocessableContent }
}
