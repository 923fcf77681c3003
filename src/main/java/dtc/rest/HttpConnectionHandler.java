package dtc.rest;

import dtc.runtime.OutOfMemory;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.vertx.core.net.HostAndPort;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Limits and checks one HTTP/1 connection of a server.
 *
 * <ul>
 *   <li>A request is forwarded once the previous response has been written, and the client has read most of it. Nothing
 *       more is read before that. A client that pipelines requests without reading the responses therefore holds only
 *       one response in memory.
 *   <li>A request with an invalid head is forwarded as malformed, and the server refuses it in order. After a malformed
 *       body the connection is closed, because the start of the next request is unknown.
 *   <li>A large response counts as unsent until the client has read it, which must happen within a time limit.
 *   <li>An error response without a body gets a problem document.
 *   <li>A client that closes its side of the connection receives the responses to the requests that it sent completely.
 * </ul>
 */
final class HttpConnectionHandler extends ChannelDuplexHandler {

    private static final Logger LOG = Logger.getLogger(HttpConnectionHandler.class);

    private static final long SEND_SECONDS_MAX = 30;

    /** Received messages that are not forwarded yet: at most the data of one read. */
    private final Deque<Object> held = new ArrayDeque<>();

    private boolean readDeferred;
    /** Whether a request was forwarded whose response is not complete. */
    private boolean responsePending;

    private boolean headWritten;
    /** Whether the forwarded request was received completely. */
    private boolean requestReceived;

    private boolean closesAfterResponse;
    /** Completes when the last response has been written. */
    private @Nullable ChannelFuture responseEnd;

    private boolean isHead;
    /** Whether the client has closed its side of the connection. */
    private boolean inputEnded;

    /** Whether the connection is about to be closed. Further input and output is discarded. */
    private boolean closing;

    /** Describes why the forwarded request is malformed; null if it is well-formed. */
    private @Nullable String fault;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (closing) {
            ReferenceCountUtil.release(message);
            return;
        }
        held.add(message);
        forward(context);
    }

    /** Forwards the messages that may be forwarded now. */
    private void forward(ChannelHandlerContext context) {
        while (!held.isEmpty() && mayForward(context, held.peek())) {
            Object message = held.remove();
            if (message instanceof HttpRequest request) {
                beginRequest(request);
            } else if (message instanceof HttpContent content
                    && content.decoderResult().isFailure()) {
                content.release();
                handleMalformedBody(context, content.decoderResult().cause());
                return;
            }
            if (message instanceof LastHttpContent) {
                requestReceived = true;
            }
            context.fireChannelRead(message);
            closeIfDone();
        }
    }

    /**
     * Closes the connection once the last response is sent and its request received. Closing it earlier would reset it.
     */
    private void closeIfDone() {
        ChannelFuture end = responseEnd;
        if (closesAfterResponse && requestReceived && end != null) {
            responseEnd = null;
            end.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private boolean mayForward(ChannelHandlerContext context, Object message) {
        return !(message instanceof HttpRequest)
                || (!responsePending
                        && !closesAfterResponse
                        && context.channel().isWritable());
    }

    private void beginRequest(HttpRequest request) {
        responsePending = true;
        requestReceived = false;
        responseEnd = null;
        headWritten = false;
        isHead = request.method().equals(HttpMethod.HEAD);
        if (request.decoderResult().isFailure()) {
            fault = "the request is not well-formed HTTP/1.1, or its head is too long";
            LOG.debugf("malformed request: %s", request.decoderResult().cause().getMessage());
        } else {
            fault = findFault(request);
            if (fault != null) {
                request.setDecoderResult(DecoderResult.failure(new DecoderException(fault)));
                LOG.debugf("malformed request: %s", fault);
            }
        }
    }

    private static @Nullable String findFault(HttpRequest request) {
        HttpVersion version = request.protocolVersion();
        if (!version.equals(HttpVersion.HTTP_1_0) && !version.equals(HttpVersion.HTTP_1_1)) {
            return "the version of HTTP is not supported";
        }
        if (request.headers().contains("")) {
            return "a header has no name";
        }
        // Any other coding would be ignored, and the body would be read as the next request.
        List<String> codings = request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (codings.size() > 1 || !codings.stream().allMatch(HttpHeaderValues.CHUNKED::contentEqualsIgnoreCase)) {
            return "the only supported Transfer-Encoding is chunked";
        }
        List<String> hosts = request.headers().getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1) {
            return "the header Host must not be repeated";
        }
        if (hosts.isEmpty()) {
            return version.equals(HttpVersion.HTTP_1_1) ? "the header Host is missing" : null;
        }
        String host = hosts.getFirst();
        return host.isEmpty() || HostAndPort.parseAuthority(host, -1) != null ? null : "the header Host is malformed";
    }

    private void handleMalformedBody(ChannelHandlerContext context, Throwable cause) {
        LOG.debugf("malformed body: %s", cause.getMessage());
        releaseHeld();
        if (responsePending && !headWritten) {
            fault = "the body is not well-formed: its chunks or its length are wrong";
            var _ = context.writeAndFlush(createProblemResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.BAD_REQUEST))
                    .addListener(ChannelFutureListener.CLOSE);
        } else {
            var _ = context.close();
        }
        closing = true;
    }

    @Override
    public void read(ChannelHandlerContext context) {
        if (held.isEmpty() && context.channel().isWritable()) {
            context.read();
        } else {
            readDeferred = true;
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        resume(context);
        context.fireChannelWritabilityChanged();
    }

    private void resume(ChannelHandlerContext context) {
        if (!held.isEmpty()) {
            forward(context);
            context.fireChannelReadComplete(); // flushes
        }
        if (readDeferred && held.isEmpty() && context.channel().isWritable()) {
            readDeferred = false;
            context.read();
        }
        closeIfInputEnded(context);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            closeIfInputEnded(context);
        }
        context.fireUserEventTriggered(event);
    }

    private void closeIfInputEnded(ChannelHandlerContext context) {
        boolean awaitsResponse = responsePending && requestReceived;
        if (!inputEnded || closing || awaitsResponse || !held.isEmpty()) {
            return;
        }
        ChannelFuture end = responseEnd;
        if (end == null || responsePending) {
            var _ = context.close();
        } else {
            end.addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (closing) {
            ReferenceCountUtil.release(message);
            promise.tryFailure(new ClosedChannelException());
            return;
        }
        Object written = message;
        ChannelPromise sent = countUnsent(context, message, promise);
        if (message instanceof HttpResponse response) {
            HttpResponseStatus status = response.status();
            if (status.codeClass() == HttpStatusClass.INFORMATIONAL) {
                var _ = context.write(message, sent);
                if (status.equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
                    context.pipeline().remove(this);
                }
                return;
            }
            headWritten = true;
            closesAfterResponse = fault != null
                    || HttpHeaderValues.CLOSE.contentEqualsIgnoreCase(
                            response.headers().get(HttpHeaderNames.CONNECTION));
            if (message instanceof FullHttpResponse full && lacksBody(full)) {
                HttpResponse refusal = createProblemResponse(full.protocolVersion(), status);
                full.headers().remove(HttpHeaderNames.CONTENT_LENGTH);
                refusal.headers().setAll(full.headers());
                full.release();
                written = refusal;
            }
        }
        if (!(message instanceof LastHttpContent)) {
            var _ = context.write(written, sent);
            return;
        }
        responseEnd = context.write(written, sent.unvoid());
        responsePending = false;
        closeIfDone();
        if (!closesAfterResponse) {
            // Not during the write, because the server may write while it handles a forwarded message.
            context.executor().execute(() -> resume(context));
        }
    }

    private static ChannelPromise countUnsent(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        int bytes = message instanceof HttpContent part ? part.content().readableBytes() : 0;
        if (bytes <= RequestMemory.SMALL_BYTES) {
            return promise;
        }
        RequestMemory.addUnsent(bytes);
        Future<?> timeout = context.executor().schedule(() -> closeNow(context), SEND_SECONDS_MAX, TimeUnit.SECONDS);
        return promise.unvoid().addListener(_ -> {
            RequestMemory.addUnsent(-bytes);
            timeout.cancel(false);
        });
    }

    private static void closeNow(ChannelHandlerContext context) {
        var _ = context.close();
    }

    private boolean lacksBody(FullHttpResponse response) {
        return response.status().code() >= 400
                && !isHead
                && !response.content().isReadable()
                && !response.headers().contains(HttpHeaderNames.CONTENT_TYPE);
    }

    private FullHttpResponse createProblemResponse(HttpVersion version, HttpResponseStatus status) {
        ProblemException problem = fault != null && status.equals(HttpResponseStatus.BAD_REQUEST)
                ? Problems.forStatus(status.code(), fault)
                : Problems.forStatus(status.code());
        FullHttpResponse response = new DefaultFullHttpResponse(
                version.equals(HttpVersion.HTTP_1_0) ? HttpVersion.HTTP_1_0 : HttpVersion.HTTP_1_1,
                status,
                Unpooled.wrappedBuffer(problem.json().getBytes(StandardCharsets.UTF_8)));
        problem.headers().forEach(response.headers()::set);
        response.headers()
                .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
                .set(HttpHeaderNames.DATE, HttpDate.now());
        if (fault != null) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        return response;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        OutOfMemory.check(cause);
        context.fireExceptionCaught(cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        releaseHeld();
        context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        releaseHeld();
    }

    private void releaseHeld() {
        held.forEach(ReferenceCountUtil::release);
        held.clear();
    }
}
