// Live updates. Without this script, pages can be read, and their forms work.
(() => {
  'use strict';

  // Updates arrive every 2 s.
  const silentMillisMax = 5000;
  const fullMillis = 10000;
  const retryMillisMin = 1000;
  const retryMillisMax = 30000;

  const connection = document.getElementById('connection');
  const connectionText = document.getElementById('connection-text');
  const banner = document.getElementById('banner');
  const announcement = document.getElementById('announcement');
  const main = document.getElementById('main');
  const pause = document.getElementById('pause');
  const live = () => document.getElementById('live');
  // Times on the page are those of the coordinator, since the clock of the browser may be wrong.
  let ahead = Date.parse(document.body.dataset.asOf) - Date.now();
  const now = () => Date.now() + ahead;
  const clock = () => `${new Date(now()).toISOString().substring(11, 19)} UTC`;

  let startedAt = document.body.dataset.startedAt;
  let loadedAt = clock();
  let updates = null;
  let lastUpdate = Date.now();
  let connectedAt = 0;
  let retryMillis = retryMillisMin;
  let retry = 0;
  let restarted = '';
  let gone = false;
  let paused = false;
  let focused = null;

  // Shows the state of the connection: a dot, a short text, and a banner for details.
  function show(state, shortText, tone = '', text = '') {
    connection.dataset.state = state;
    write(connectionText, shortText);
    banner.className = `banner ${tone}`;
    banner.hidden = text === '';
    write(banner, text);
    main.classList.toggle('stale', state === 'lost');
    // Screen readers read it at each change, so it changes only with the state or the count.
    const count = live()?.querySelector('[data-announced]')?.textContent ?? '';
    write(announcement, [text || `${shortText}.`, count].join(' ').trim());
  }

  function write(element, text) {
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }

  function coarse(millis) {
    const s = Math.max(0, Math.floor(millis / 1000));
    const two = (large, unit, small, smallUnit) => (small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`);
    if (s < 60) {
      return `${s} s`;
    }
    if (s < 3600) {
      return two(Math.floor(s / 60), 'min', s % 60, 's');
    }
    if (s < 86400) {
      return two(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
    }
    return two(Math.floor(s / 86400), 'd', Math.floor((s % 86400) / 3600), 'h');
  }

  // The coordinator sends an event when the page has to reload its content.

  function onUpdate(event) {
    const at = JSON.parse(event.data);
    ahead = Date.parse(at.at) - Date.now();
    retryMillis = retryMillisMin;
    if (at.full) {
      full();
      return;
    }
    if (at.startedAt !== startedAt) {
      startedAt = at.startedAt;
      restarted = `The coordinator was restarted at ${new Date(startedAt).toISOString().replace('T', ' ').replace('Z', ' UTC')}. Transactions without a recorded decision were rolled back.`;
    }
    lastUpdate = Date.now();
    if (isSelecting()) {
      show('still', `Paused at ${loadedAt} while text is selected`);
    } else {
      document.body.dispatchEvent(new Event('update'));
    }
  }

  // The limit of live pages is reached. Without this, the browser would reconnect every few seconds.
  function full() {
    stop();
    show('lost', 'Not live', 'warn', `Too many pages are open, so this one is not updated. Reload it for current data. Reconnecting every ${coarse(fullMillis)}.`);
    clearTimeout(retry);
    retry = setTimeout(listen, fullMillis);
  }

  // An update would remove the selection.
  function isSelecting() {
    const selection = window.getSelection();
    return !selection.isCollapsed && live().contains(selection.anchorNode);
  }

  function listen() {
    if (updates === null && !gone && !document.hidden && !paused) {
      lastUpdate = Date.now();
      connectedAt = lastUpdate;
      updates = new EventSource('console/updates');
      updates.onmessage = onUpdate;
      updates.onerror = lost;
    }
  }

  function stop() {
    if (updates !== null) {
      updates.close();
      updates = null;
    }
  }

  function lost() {
    show('lost', 'Connection lost', 'bad', `The coordinator does not respond. The data is of ${loadedAt}. Reconnecting.`);
  }

  function check() {
    if (updates === null) {
      return;
    }
    const now = Date.now();
    if (now - lastUpdate > silentMillisMax) {
      lost();
      // The browser does not reconnect after an error response. The pauses grow, since many pages may be open.
      if (updates.readyState === EventSource.CLOSED && now - connectedAt >= retryMillis) {
        const since = lastUpdate;
        retryMillis = Math.min(2 * retryMillis, retryMillisMax);
        stop();
        listen();
        lastUpdate = since;
      }
    }
  }

  // Browsers limit the connections to one host, so a hidden page closes its own.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden && updates !== null) {
      stop();
      show('still', `As of ${loadedAt}`);
    } else {
      listen();
    }
  });

  pause.addEventListener('click', () => {
    paused = !paused;
    pause.textContent = paused ? 'Resume' : 'Pause';
    if (paused) {
      stop();
      show('still', `Paused at ${loadedAt}`);
    } else {
      listen();
    }
  });

  // htmx: if an update fails, the last content stays.

  // A 404 without this element is from a proxy, or from a coordinator that is starting.
  const isUnknown = ({ status, responseText }) => status === 404 && responseText.includes(' id="message"');
  // A removed transaction does not return. A resource manager may register again, within seconds after a restart.
  const mayComeBack = !location.pathname.includes('/console/transactions/');

  function updateFailed(why) {
    if (updates !== null) {
      show('lost', 'Not live', 'warn', `This page cannot be updated: ${why}. The data is of ${loadedAt}.`);
    }
  }

  document.body.addEventListener('htmx:beforeSwap', event => {
    if (isUnknown(event.detail.xhr) && !mayComeBack) {
      gone = true;
      stop();
      pause.hidden = true;
      show('lost', 'Not live', 'warn', `The transaction was removed. The data is of ${loadedAt}.`);
    } else if (event.detail.shouldSwap && !event.detail.xhr.responseText.includes('<div id="live"')) {
      event.detail.shouldSwap = false;
      updateFailed('the response is another page. Reload the page: you may have to sign in again');
    }
  });

  document.body.addEventListener('htmx:responseError', event => {
    const { status } = event.detail.xhr;
    if (isUnknown(event.detail.xhr)) {
      updateFailed('the resource manager is not registered. Retrying');
    } else if (status === 404) {
      updateFailed('the response is 404. The coordinator may be starting, or a proxy may not reach it. Retrying');
    } else {
      updateFailed(`the coordinator responded ${status}`);
    }
  });

  document.body.addEventListener('htmx:sendError', () => updateFailed('there is no response. Reload the page if this lasts: you may have to sign in again'));
  document.body.addEventListener('htmx:timeout', () => updateFailed('the coordinator did not respond in time'));

  // An update keeps the keyboard focus.

  document.body.addEventListener('htmx:beforeSwap', event => {
    const element = document.activeElement;
    focused = null;
    if (event.detail.shouldSwap && live().contains(element)) {
      const css = ['href', 'data-copy'].filter(name => element.hasAttribute(name))
        .map(name => `[${name}="${CSS.escape(element.getAttribute(name))}"]`).join('');
      if (css !== '') {
        focused = { css, index: [...live().querySelectorAll(css)].indexOf(element) };
      }
    }
  });

  // The page is live when its content has arrived.
  document.body.addEventListener('htmx:afterSwap', () => {
    loadedAt = clock();
    if (updates !== null) {
      show('live', 'Live', 'busy', restarted);
    }
    prepare();
    if (focused !== null) {
      live().querySelectorAll(focused.css)[focused.index]?.focus({ preventScroll: true });
      focused = null;
    }
  });

  // A second click is not sent. If the user navigates back, the form can be sent again.

  const action = document.querySelector('form.confirm');
  action?.addEventListener('submit', event => {
    if (action.getAttribute('aria-busy') === 'true') {
      event.preventDefault();
    }
    action.setAttribute('aria-busy', 'true');
  });
  window.addEventListener('pageshow', () => action?.removeAttribute('aria-busy'));

  // Buttons that copy.

  document.addEventListener('click', event => {
    const button = event.target.closest('.copy');
    if (button) {
      const text = document.getElementById(button.dataset.copy).textContent;
      navigator.clipboard.writeText(text).then(
        () => {
          const before = button.textContent;
          button.textContent = 'Copied';
          setTimeout(() => {
            button.textContent = before;
          }, 1500);
        },
        () => {
          button.textContent = 'Copying is not allowed';
        });
    }
  });

  function prepare() {
    for (const button of document.querySelectorAll('.copy')) {
      button.hidden = !navigator.clipboard;
    }
  }

  // Updates relative times.

  function tick() {
    for (const time of document.querySelectorAll('time')) {
      const elapsed = now() - Date.parse(time.dateTime);
      const relative = time.querySelector('.relative');
      const text = elapsed < 0 ? `in ${coarse(-elapsed)}` : elapsed < 1000 ? 'just now' : `${coarse(elapsed)} ago`;
      if (relative && relative.textContent !== text) {
        relative.textContent = text;
      }
    }
    check();
  }

  prepare();
  if (live()) {
    setInterval(tick, 1000);
    if (window.htmx) {
      pause.hidden = false;
      listen();
    } else {
      gone = true;
      show('lost', 'Not live', 'warn', `A script did not load, so this page is not updated. The data is of ${loadedAt}. Reload it for current data.`);
    }
  } else {
    gone = true; // the page has no live content
    connection.hidden = true;
  }
})();
