import HTTPTypes
import NIOCore
import NIOHTTPTypes
import NIOTLS

/// Closes a connection whose client does not get on: with the handshake, with a request, or with reading an answer.
///
/// There are only so many connections. The idle timeout closes those on which nothing happens; these deadlines close those on which a
/// byte comes now and then.
final class ConnectionDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long each may take.
    struct Limits: Sendable, Hashable {
        /// From the connection to the end of TLS's handshake; `nil`: there is none.
        var handshake: TimeAmount?
        /// From a request's head to the end of its body.
        var request: TimeAmount
        /// While the client takes nothing of what is being sent to it.
        var reading: TimeAmount
    }

    private enum Matter: Hashable {
        case handshake, request, reading
    }

    private let limits: Limits
    private var deadlines: [Matter: Scheduled<Void>] = [:]

    init(_ limits: Limits) {
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(.handshake, limits.handshake, context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { endAll() }

    func channelActive(context: ChannelHandlerContext) {
        begin(.handshake, limits.handshake, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endAll()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { end(.handshake) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: begin(.request, limits.request, context)
        case .body: break
        case .end: end(.request)
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { end(.reading) } else { awaitReading(context) }
        context.fireChannelWritabilityChanged()
    }

    /// A client that is slow, but takes something, gets another term.
    private func awaitReading(_ context: ChannelHandlerContext) {
        guard deadlines[.reading] == nil else { return }
        let before = unsent(context)
        deadlines[.reading] = context.eventLoop.assumeIsolated().scheduleTask(in: limits.reading) {
            self.deadlines[.reading] = nil
            if self.unsent(context) < before { self.awaitReading(context) } else { context.close(promise: nil) }
        }
    }

    /// How many bytes wait for the client to take them.
    private func unsent(_ context: ChannelHandlerContext) -> Int {
        // Every socket knows it; of what does not, nothing is known to have been taken.
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? .max
    }

    private func begin(_ matter: Matter, _ limit: TimeAmount?, _ context: ChannelHandlerContext) {
        guard let limit, deadlines[matter] == nil else { return }
        deadlines[matter] = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            self.deadlines[matter] = nil
            context.close(promise: nil)
        }
    }

    private func end(_ matter: Matter) { deadlines.removeValue(forKey: matter)?.cancel() }

    private func endAll() {
        for deadline in deadlines.values { deadline.cancel() }
        deadlines = [:]
    }
}
