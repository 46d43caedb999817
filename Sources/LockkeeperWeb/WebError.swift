import Glibc
import NIOCore

/// Why the web server cannot listen, and what to do about it.
public struct WebError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: Code
    /// The configured host name or address.
    public var host: String
    public var port: Int
    /// One or two sentences: what happened and what to do next.
    public var message: String

    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Another program listens there.
        case portTaken
        /// The address belongs to no interface of this machine.
        case addressNotLocal
        /// The process may not use the port.
        case notPermitted
        case hostUnknown
        /// The port is not one: 0...65535.
        case portInvalid
        case other
    }

    public var description: String { message }

    init(code: Code, host: String, port: Int, system: String = "") {
        self.code = code
        self.host = host
        self.port = port
        let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let advice =
            switch code {
            case .portTaken:
                "another program listens there already. `ss -ltnp 'sport = :\(port)'` names it; stop it or set another port in `listen`."
            case .addressNotLocal:
                "this machine has no such address. `ip address` lists those it has; set `listen` to one of them, to 127.0.0.1 for this machine only, or to 0.0.0.0 for all."
            case .notPermitted:
                "the system does not permit it. Ports below 1024 need CAP_NET_BIND_SERVICE; set a higher one in `listen`."
            case .hostUnknown:
                "the host name is not known. Set `listen` to an address of this machine, such as 127.0.0.1:9743."
            case .portInvalid:
                "a port is a number from 0 to 65535. Set one in `listen`, such as 127.0.0.1:9743."
            case .other:
                "\(system). Set `listen` to an address and port of this machine, such as 127.0.0.1:9743."
            }
        message = "cannot listen on \(place): \(advice)"
    }

    /// What an error of binding means; `nil` if it is none.
    init?(_ error: any Error, host: String, port: Int) {
        switch error {
        case let error as IOError:
            let code: Code =
                switch error.errnoCode {
                case EADDRINUSE: .portTaken
                case EADDRNOTAVAIL: .addressNotLocal
                case EACCES, EPERM: .notPermitted
                default: .other
                }
            self.init(code: code, host: host, port: port, system: error.description)
        case is SocketAddressError.UnknownHost:
            self.init(code: .hostUnknown, host: host, port: port)
        case let error as SocketAddressError:
            self.init(code: .other, host: host, port: port, system: "\(error)")
        default:
            return nil
        }
    }
}
