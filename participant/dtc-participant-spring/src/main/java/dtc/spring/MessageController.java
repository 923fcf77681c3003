package dtc.spring;

import static java.nio.charset.StandardCharsets.UTF_8;

import dtc.participant.DtcParticipant;
import dtc.participant.http.MessageRequest;
import dtc.participant.http.MessageResponse;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.UriUtils;

/** Receives the messages of the coordinator. {@code dtc.participant.url} ends with this path. */
@RestController
class MessageController {

    private static final String PATH = "/dtc";

    private final DtcParticipant participant;

    MessageController(DtcParticipant participant) {
        this.participant = participant;
    }

    @RequestMapping(PATH + "/**")
    ResponseEntity<byte[]> handle(HttpServletRequest request, @RequestBody(required = false) byte @Nullable [] body) {
        String path = request.getRequestURI().substring((request.getContextPath() + PATH).length());
        MessageResponse message = participant.handle(new MessageRequest(
                request.getMethod(),
                UriUtils.decode(path, UTF_8),
                request::getHeader,
                body == null ? new byte[0] : body));
        ResponseEntity.BodyBuilder response = ResponseEntity.status(message.status());
        return message.contentType() == null
                ? response.build()
                : response.header(HttpHeaders.CONTENT_TYPE, message.contentType())
                        .body(message.body().getBytes(UTF_8));
    }
}
