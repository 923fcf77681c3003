// What keeps a page live. Without it every page can be read, and its forms work.
(() => {
  'use strict';

  const beatsMissedMax = 3;
  const beatMillis = 2000;
  const fullMillis = 10000;

  const connection = document.getElementById('connection');
  const words = document.getElementById('connection-words');
  const banner = document.getElementById('banner');
  const main = document.getElementById('main');
  const pause = document.getElementById('pause');
  const live = () => document.getElementById('live');

  let startedAt = document.body.dataset.startedAt;
  let beats = null;
  let lastBeat = Date.now();
  let retry = 0;
  let lost = false;
  let restarted = '';
  let failed = '';
  let focused = null;

  function say(state, text) {
    connection.dataset.state = state;
    if (words.textContent !== text) {
      words.textContent = text;
    }
  }

  function show(tone, text) {
    banner.className = `banner ${tone}`;
    banner.hidden = text === '';
    if (banner.textContent !== text) {
      banner.textContent = text;
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

  function isPaused() {
    return pause.getAttribute('aria-pressed') === 'true';
  }

  // Beats: the coordinator says when to look again.

  function beat(event) {
    const at = JSON.parse(event.data);
    if (at.full) {
      full();
      return;
    }
    if (at.startedAt !== startedAt) {
      startedAt = at.startedAt;
      restarted = `The coordinator was restarted at ${new Date(startedAt).toISOString().replace('T', ' ').replace('Z', ' UTC')}. What it had not recorded is gone.`;
    }
    lastBeat = Date.now();
    lost = false;
    main.classList.remove('stale');
    say('live', 'Live');
    if (failed) {
      show('warn', failed);
    } else {
      show('busy', restarted);
    }
    if (live() && !isSelecting()) {
      document.body.dispatchEvent(new Event('beat'));
    }
  }

  // It answers, and keeps no more pages up to date. Left alone, the browser would ask again every few seconds.
  function full() {
    stop();
    main.classList.add('stale');
    say('lost', 'Not live');
    show('warn', `Too many pages are open, so this one is not kept up to date. Reload it to see what is new. Trying again every ${coarse(fullMillis)}.`);
    clearTimeout(retry);
    retry = setTimeout(listen, fullMillis);
  }

  // A refresh would undo a selection that is about to be copied.
  function isSelecting() {
    const selection = window.getSelection();
    return !selection.isCollapsed && live().contains(selection.anchorNode);
  }

  function listen() {
    if (beats === null && !document.hidden && !isPaused()) {
      lastBeat = Date.now();
      beats = new EventSource('/console/beats');
      beats.onmessage = beat;
    }
  }

  function stop() {
    if (beats !== null) {
      beats.close();
      beats = null;
    }
  }

  function check() {
    if (beats === null) {
      return;
    }
    const silent = Date.now() - lastBeat;
    if (silent > beatsMissedMax * beatMillis) {
      lost = true;
      main.classList.add('stale');
      say('lost', 'Connection lost');
      show('bad', `The coordinator does not answer. What you see is ${coarse(silent)} old. Trying again.`);
      // Refused outright, the browser does not try again by itself.
      if (beats.readyState === EventSource.CLOSED) {
        const since = lastBeat;
        stop();
        listen();
        lastBeat = since;
      }
    }
  }

  // A browser has few connections to one host: a page that nobody sees gives back its own.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      stop();
    } else {
      listen();
    }
  });

  pause.addEventListener('click', () => {
    pause.setAttribute('aria-pressed', String(!isPaused()));
    pause.textContent = isPaused() ? 'Resume' : 'Pause';
    if (isPaused()) {
      stop();
      say('still', `Paused at ${new Date().toISOString().substring(11, 19)} UTC`);
    } else {
      listen();
    }
  });

  // htmx: what is not there any more is a page to show too; an error is not.

  document.body.addEventListener('htmx:beforeSwap', event => {
    if (event.detail.xhr.status === 404) {
      event.detail.shouldSwap = false;
      show('warn', 'This was forgotten meanwhile. What you see is what was known last.');
      restarted = banner.textContent;
      stop();
    }
  });

  function couldNot(why) {
    failed = failed || `This page cannot be brought up to date: ${why}. What you see is of ${new Date().toISOString().substring(11, 19)} UTC.`;
    show('warn', failed);
  }

  document.body.addEventListener('htmx:responseError', event => {
    if (event.detail.xhr.status !== 404) {
      couldNot(`the coordinator answered ${event.detail.xhr.status}`);
    }
  });

  document.body.addEventListener('htmx:timeout', () => couldNot('the coordinator took too long'));

  // Whoever goes through the page by keyboard stays where they are.

  document.body.addEventListener('htmx:beforeSwap', () => {
    const element = document.activeElement;
    focused = null;
    if (live().contains(element)) {
      const css = ['href', 'data-copy'].filter(name => element.hasAttribute(name))
        .map(name => `[${name}="${CSS.escape(element.getAttribute(name))}"]`).join('');
      if (css !== '') {
        focused = { css, index: [...live().querySelectorAll(css)].indexOf(element) };
      }
    }
  });

  document.body.addEventListener('htmx:afterSwap', () => {
    failed = '';
    prepare();
    if (focused !== null) {
      live().querySelectorAll(focused.css)[focused.index]?.focus({ preventScroll: true });
      focused = null;
    }
  });

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
          button.textContent = 'Not allowed';
        });
    }
  });

  function prepare() {
    for (const button of document.querySelectorAll('.copy')) {
      button.hidden = !navigator.clipboard;
    }
  }

  // Relative times go on between two looks.

  function tick() {
    for (const time of document.querySelectorAll('time')) {
      const elapsed = Date.now() - Date.parse(time.dateTime);
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
    pause.hidden = false;
    listen();
    setInterval(tick, 1000);
  } else {
    connection.hidden = true;
  }
})();
