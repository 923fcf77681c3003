package dtc.tracing;

import io.opentelemetry.api.common.AttributeKey;

/**
 * Names of spans and attributes. Those that do not begin with {@code dtc} are of the semantic conventions of
 * OpenTelemetry for HTTP and for databases, in their stable form.
 */
final class SpanNames {

    static final String PREPARE = "dtc.prepare";
    static final String DECISION = "dtc.decision";
    /** The part of a transaction in a request with messages of several traces. */
    static final String MESSAGE = "dtc.message";

    /** The operation of a stored batch, which is one statement. */
    static final String BATCH = "BATCH";

    static final AttributeKey<String> TRANSACTION = AttributeKey.stringKey("dtc.transaction.id");
    static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("dtc.transaction.outcome");
    static final AttributeKey<String> CAUSE = AttributeKey.stringKey("dtc.transaction.cause");
    static final AttributeKey<Long> PARTICIPANTS = AttributeKey.longKey("dtc.transaction.participants");
    static final AttributeKey<String> RESOURCE_MANAGER = AttributeKey.stringKey("dtc.resource_manager.id");
    static final AttributeKey<String> MESSAGE_TYPE = AttributeKey.stringKey("dtc.message.type");
    static final AttributeKey<Long> BATCH_SIZE = AttributeKey.longKey("dtc.batch.size");
    static final AttributeKey<Boolean> RETRY = AttributeKey.booleanKey("dtc.message.retry");

    static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    static final AttributeKey<Long> RESEND_COUNT = AttributeKey.longKey("http.request.resend_count");
    static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
    static final AttributeKey<String> URL_PATH = AttributeKey.stringKey("url.path");
    static final AttributeKey<String> URL_SCHEME = AttributeKey.stringKey("url.scheme");
    static final AttributeKey<String> URL_FULL = AttributeKey.stringKey("url.full");
    static final AttributeKey<String> URL_TEMPLATE = AttributeKey.stringKey("url.template");
    static final AttributeKey<String> SERVER_ADDRESS = AttributeKey.stringKey("server.address");
    static final AttributeKey<Long> SERVER_PORT = AttributeKey.longKey("server.port");
    static final AttributeKey<String> CLIENT_ADDRESS = AttributeKey.stringKey("client.address");
    static final AttributeKey<String> USER_AGENT = AttributeKey.stringKey("user_agent.original");
    static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");

    static final AttributeKey<String> DB_SYSTEM = AttributeKey.stringKey("db.system.name");
    static final AttributeKey<String> DB_NAMESPACE = AttributeKey.stringKey("db.namespace");
    static final AttributeKey<String> DB_OPERATION = AttributeKey.stringKey("db.operation.name");
    static final AttributeKey<Long> DB_BATCH_SIZE = AttributeKey.longKey("db.operation.batch.size");

    private SpanNames() {}
}
