package dtc.log.etcd;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dtc.log.etcd.api.AuthenticateRequest;
import dtc.log.etcd.api.AuthenticateResponse;
import dtc.log.etcd.api.LeaseGrantRequest;
import dtc.log.etcd.api.LeaseGrantResponse;
import dtc.log.etcd.api.LeaseKeepAliveRequest;
import dtc.log.etcd.api.LeaseKeepAliveResponse;
import dtc.log.etcd.api.LeaseRevokeRequest;
import dtc.log.etcd.api.LeaseRevokeResponse;
import dtc.log.etcd.api.PutRequest;
import dtc.log.etcd.api.PutResponse;
import dtc.log.etcd.api.RangeRequest;
import dtc.log.etcd.api.RangeResponse;
import dtc.log.etcd.api.ResponseHeader;
import dtc.log.etcd.api.StatusRequest;
import dtc.log.etcd.api.StatusResponse;
import dtc.log.etcd.api.TxnRequest;
import dtc.log.etcd.api.TxnResponse;
import dtc.log.etcd.api.WatchRequest;
import dtc.log.etcd.api.WatchResponse;
import io.vertx.grpc.common.CodecException;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import java.util.function.Function;

/**
 * A method of the API of etcd.
 *
 * @param header returns the header of a response
 */
record EtcdMethod<Q, R>(ServiceMethod<R, Q> method, Function<R, ResponseHeader> header) {

    static final EtcdMethod<RangeRequest, RangeResponse> RANGE =
            of("KV", "Range", RangeResponse.parser(), RangeResponse::getHeader);

    static final EtcdMethod<TxnRequest, TxnResponse> TXN =
            of("KV", "Txn", TxnResponse.parser(), TxnResponse::getHeader);

    static final EtcdMethod<PutRequest, PutResponse> PUT =
            of("KV", "Put", PutResponse.parser(), PutResponse::getHeader);

    static final EtcdMethod<LeaseGrantRequest, LeaseGrantResponse> LEASE_GRANT =
            of("Lease", "LeaseGrant", LeaseGrantResponse.parser(), LeaseGrantResponse::getHeader);

    /** A stream, of which one request and one response are used. */
    static final EtcdMethod<LeaseKeepAliveRequest, LeaseKeepAliveResponse> LEASE_KEEP_ALIVE =
            of("Lease", "LeaseKeepAlive", LeaseKeepAliveResponse.parser(), LeaseKeepAliveResponse::getHeader);

    static final EtcdMethod<LeaseRevokeRequest, LeaseRevokeResponse> LEASE_REVOKE =
            of("Lease", "LeaseRevoke", LeaseRevokeResponse.parser(), LeaseRevokeResponse::getHeader);

    static final EtcdMethod<WatchRequest, WatchResponse> WATCH =
            of("Watch", "Watch", WatchResponse.parser(), WatchResponse::getHeader);

    static final EtcdMethod<StatusRequest, StatusResponse> STATUS =
            of("Maintenance", "Status", StatusResponse.parser(), StatusResponse::getHeader);

    static final EtcdMethod<AuthenticateRequest, AuthenticateResponse> AUTHENTICATE =
            of("Auth", "Authenticate", AuthenticateResponse.parser(), AuthenticateResponse::getHeader);

    private static <Q extends MessageLite, R> EtcdMethod<Q, R> of(
            String service, String name, Parser<R> parser, Function<R, ResponseHeader> header) {
        return new EtcdMethod<>(
                ServiceMethod.client(
                        ServiceName.create("etcdserverpb", service),
                        name,
                        GrpcMessageEncoder.encoder(),
                        decoder(parser)),
                header);
    }

    /** The decoder of the library returns null if the message is not valid. */
    private static <R> GrpcMessageDecoder<R> decoder(Parser<R> parser) {
        return message -> {
            try {
                return parser.parseFrom(message.payload().getBytes());
            } catch (InvalidProtocolBufferException invalid) {
                throw new CodecException(invalid);
            }
        };
    }
}
