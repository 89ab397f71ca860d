import {
  CALLING_FIELDS,
  type CallButton,
  type CallingMessage,
  type CallingTemplate,
  type CallMetrics,
  DAYS,
  END_CALL_REASONS,
  type FeatureStatusRequest,
  RING_TARGETS,
  type SettingsRequest,
} from '../../meta/index.ts';
import { PAGE_FORMS } from '../../sim/index.ts';
import { type ContractRow, each, type KeysOf, rows, type TestName, tests } from './covers.ts';

const meta = tests('meta');
const sim = tests('sim');
const settings = meta('settings');
const messages = meta('messages');
const page = meta('page-api');
const permission = meta('permissions');
const profile = meta('profile');

const PERMISSIONS = 'GET /{page}/messenger_call_permissions';
const MESSAGES = 'POST /{page}/messages';
const SETTINGS = '/{page}/messenger_call_settings';
const FEATURE = 'POST /{page}/business_messaging_feature_status';
const METRICS = 'POST /{page}/call_metrics';
const SUBSCRIBED = '/{page}/subscribed_apps';

/** What Graph has of a Page beside its calls. */
export function pageRows(): ContractRow[] {
  return [
    ...permissionRows(),
    ...messageRows(),
    ...settingsRows(),
    ...featureRows(),
    ...metricsRows(),
    ...appRows(),
    ...profileRows(),
  ];
}

function permissionRows(): ContractRow[] {
  const reads = (form: string): TestName => permission(`permission > reads the form of ${form}`);
  const asked = permission('permission > is asked for with the PSID, once');
  return [
    ...rows('Graph', 'endpoint', { [PERMISSIONS]: asked }),
    ...rows(PERMISSIONS, 'field', {
      psid: asked,
      'permission.status': reads('the reference'),
      'permission.expiration_time': reads('the reference'),
      'actions[].action_name': reads('the reference'),
      'actions[].can_perform': reads('the reference'),
      'actions[].limits[]: time_period, max_allowed, current_usage': reads('the reference'),
    }),
    ...rows(PERMISSIONS, 'value', {
      HAS_PERMISSION: reads('the reference'),
      NO_PERMISSION: permission('permission > without start_call the status decides'),
      'action start_call': permission('permission > start_call decides, whatever the status says'),
      'action send_call_permission_request': reads('the reference'),
    }),
    ...rows(PERMISSIONS, 'reply', {
      'data: [..], can_perform, max_allowed': reads('the reference'),
      'flat, lower case, can_perform_action, max_allowed_per_user': reads('the guide'),
      'expiration in place of expiration_time': reads('the other expiry'),
      'data as an object': reads('data as an object'),
      'empty data: nobody is called': permission('permission > nobody is called on {"data":[]}'),
    }),
    ...each('simulator, permission', 'reply', ['reference', 'guide'], (form) =>
      tests('e2e')('outbound')(
        `permission > is asked for once where the rule says so, and the approved call goes through (${form} form)`,
      ),
    ),
    ...rows(PERMISSIONS, 'rule', {
      'kept for a minute at most': tests('gateway')('permission-desk')(
        'a yes is kept for a minute, and not beyond its own end',
      ),
      'a grant lasts 7 days': sim('permission-ledger')(
        'a grant lasts seven days, and the next one counts from then on',
      ),
      'two requests a day': sim('permission-ledger')('two requests in 24 hours, whatever hours these are'),
    }),
  ];
}

function messageRows(): ContractRow[] {
  const form = (name: string): TestName => messages(`a calling message > ${name} has one form`);
  const button = form('audio_call in a button template');
  const generic = form('audio_call in a generic template with expires_in_days');
  return [
    ...rows('Graph', 'endpoint', { [MESSAGES]: form('calling_optin') }),
    ...rows(MESSAGES, 'field', {
      recipient: form('calling_optin'),
      message: form('calling_optin'),
    } satisfies Record<keyof CallingMessage, TestName>),
    ...rows(`${MESSAGES} template`, 'field', {
      template_type: form('calling_optin'),
      ttl_days: form('call_prompt with ttl_days'),
      text: button,
      buttons: button,
      elements: generic,
    } satisfies Record<KeysOf<CallingTemplate>, TestName>),
    ...rows(`${MESSAGES} template_type`, 'value', {
      calling_optin: form('calling_optin'),
      call_prompt: form('call_prompt'),
      button,
      generic,
    } satisfies Record<CallingTemplate['template_type'], TestName>),
    ...rows(`${MESSAGES} button`, 'field', {
      type: button,
      title: messages('a calling message > is not sent: a button without a title'),
      expires_in_days: messages('a calling message > is not sent: a button for 8 days'),
    } satisfies Record<keyof CallButton, TestName>),
    ...rows(`${MESSAGES}, reply`, 'reply', {
      '{recipient: {id}, message_id}': messages('a calling message > its id is found beside the recipient'),
      '{recipient: {id, message_id}}': messages('a calling message > its id is found inside the recipient'),
      '{recipient_id, message_id}': messages(
        'a calling message > its id is found flat, as the Send API has it',
      ),
    }),
    ...each('simulator, id of a message', 'reply', PAGE_FORMS.messageId, (place) =>
      sim('messages')(`messages to a simulated consumer > are shown, and told with their id: ${place}`),
    ),
    ...rows(MESSAGES, 'rule', {
      'never repeated: calling_optin': messages(
        'a message of calling_optin > is never repeated, after a lost reply',
      ),
      'never repeated: call_prompt': messages(
        'a message of call_prompt > is never repeated, after a lost reply',
      ),
      'never repeated: audio_call': messages(
        'a message of audio_call > is never repeated, after a lost reply',
      ),
      'window of 24 hours': sim('messages')(
        'messages to a simulated consumer > are refused when the window of 24 hours is closed (10/2018278)',
      ),
      'requests: two in 24 hours': sim('messages')(
        'messages to a simulated consumer > ask for permission twice in 24 hours and no more; prompts are not counted',
      ),
      'expires_in_days above 7 is refused': sim('messages')(
        'messages to a simulated consumer > are refused with expires_in_days of 8 (100)',
      ),
      'calling switched off': messages(
        'a message of call_prompt > is never repeated, after calling switched off',
      ),
    }),
  ];
}

function settingsRows(): ContractRow[] {
  const read = (form: string): TestName => settings(`settings read > in the form ${form}`);
  const wrong = (what: string): TestName => settings(`settings that are not sent > ${what}`);
  const written = settings('settings written > said as result: success, and read back');
  const all = settings('settings written > sends what is named and nothing else');
  const sims = (form: object): TestName =>
    sim('settings')(
      `the settings of a simulated Page > are written and read back, in the form ${JSON.stringify(form)}`,
    );
  const simForms = (['settings', 'settingsDone', 'routing', 'video'] as const).flatMap((name) =>
    each(`simulator, ${name}`, 'reply', PAGE_FORMS[name], (value) => sims({ [name]: value })),
  );
  return [
    ...rows('Graph', 'endpoint', { [`GET ${SETTINGS}`]: read('data: [..]'), [`POST ${SETTINGS}`]: written }),
    ...rows(SETTINGS, 'field', {
      audio_enabled: written,
      icon_enabled: written,
      video_enabled: written,
      call_routing: written,
      call_hours: written,
    } satisfies Record<keyof SettingsRequest, TestName>),
    ...rows(`${SETTINGS} call_hours`, 'field', {
      timezone_id: wrong('a zone that nobody knows'),
      weekly_operating_hours: wrong('an empty list'),
      'weekly_operating_hours[].day_of_week': wrong('a day that is none'),
      'weekly_operating_hours[].open_time': wrong('a time with a colon'),
      'weekly_operating_hours[].close_time': wrong('2400'),
    }),
    ...each(`${SETTINGS} ring_target`, 'value', RING_TARGETS, (target) =>
      target === 'META'
        ? sim('settings')(
            'the settings of a simulated Page > route calls to partners only after a subscription to calls',
          )
        : all,
    ),
    ...each(`${SETTINGS} day_of_week`, 'value', DAYS, (day) =>
      settings(`days of the week > ${day} is sent and read`),
    ),
    ...rows(SETTINGS, 'reply', {
      'data: [..]': read('data: [..]'),
      flat: read('flat'),
      'call_routing as text': read('routing as text'),
      'video in place of video_enabled': read('video in place of video_enabled'),
      'result: success': written,
      'success: true': settings('settings written > said as success: true, and read back'),
      'result: failure': settings('settings written > a failure in a 200 is a failure: result: failure'),
    }),
    ...simForms,
    ...rows(SETTINGS, 'rule', {
      'a subset is written': all,
      'read back to verify': settings('settings written > tells what Meta took otherwise, whatever it said'),
      'an empty list is never sent': wrong('an empty list'),
      'no window over midnight': wrong('a window over midnight'),
      'no day twice': wrong('one day twice'),
      'IANA time zones only': wrong('an offset for a time zone'),
      'hours replace the whole week': settings(
        'settings that are not sent > says what writing hours does to the days that are not listed',
      ),
      'PARTNERS only after a subscription': sim('settings')(
        'the settings of a simulated Page > route calls to partners only after a subscription to calls',
      ),
      'routed to META: we are told nothing': sim('settings')(
        'the settings of a simulated Page > routed to META: a consumer calls, and the gateway is told nothing',
      ),
      'audio off: 1893056': sim('settings')(
        'the settings of a simulated Page > let nothing of a call through while audio is off (1893056)',
      ),
    }),
  ];
}

function featureRows(): ContractRow[] {
  return [
    ...rows('Graph', 'endpoint', { [FEATURE]: page('the feature status > enabled: true') }),
    ...rows(FEATURE, 'field', {
      features: page('the feature status > enabled: true'),
    } satisfies Record<keyof FeatureStatusRequest, TestName>),
    ...rows(FEATURE, 'reply', {
      enabled: page('the feature status > enabled: true'),
      ENABLED: page('the feature status > ENABLED: true'),
      'anything else is not ready': page('the feature status > in_review: false'),
    }),
    ...each('simulator, feature', 'reply', PAGE_FORMS.feature, (form) =>
      sim('page')(`a simulated Page and its app > has the calling feature, told in ${form} case`),
    ),
    ...rows(FEATURE, 'rule', {
      'may be repeated': page('the feature status > is asked again on a passing fault, despite POST'),
    }),
  ];
}

function metricsRows(): ContractRow[] {
  const made = tests('gateway')('metrics-desk')(
    "what metrics are made of > are the record's times and the consumer leg's counters, with the keys that end in _sec",
  );
  const once = sim('metrics')(
    'call metrics at the simulated Meta > are taken once, after the end; the second time is a success that says so',
  );
  const window = sim('metrics')(
    'call metrics at the simulated Meta > are refused while the call is in progress, after 24 hours, and for a call that nobody knows',
  );
  const desk = (title: string): TestName => tests('gateway')('metrics-desk')(`metrics of a call > ${title}`);
  return [
    ...rows('Graph', 'endpoint', { [METRICS]: once }),
    ...rows(METRICS, 'field', {
      platform: made,
      call_id: made,
      end_call_reason: made,
      end_call_subreason: made,
      call_ended_time: made,
      first_audio_packet_received_time: made,
      audio_stats: made,
    } satisfies Record<keyof CallMetrics, TestName>),
    ...rows(`${METRICS} audio_stats`, 'field', {
      jitter_sec: made,
      packets_lost: made,
      packets_received: made,
      round_trip_time_sec: made,
      jitter_buffer_delay_sec: made,
      concealed_samples: made,
      silent_concealed_samples: made,
      total_samples_duration_sec: made,
    } satisfies Record<keyof CallMetrics['audio_stats'], TestName>),
    ...each(`${METRICS} end_call_reason`, 'value', END_CALL_REASONS, (reason) =>
      sim('metrics')(`call metrics at the simulated Meta > know the reason ${reason}`),
    ),
    ...rows(METRICS, 'rule', {
      'once, after the end': once,
      'within 24 hours, not in progress, known call': window,
      'already submitted is success': desk('already submitted: are not sent again'),
      'over a restart': desk('survive a restart, and those that were sent do not come back'),
      'bounded retries': desk(
        'are sent again after a server fault, later and later, and given up after six tries',
      ),
      'low priority': desk('wait while the quota runs low'),
      'not for calls without audio': tests('gateway')('metrics-desk')(
        'what metrics are made of > are none for a call without audio of the consumer',
      ),
    }),
  ];
}

function appRows(): ContractRow[] {
  const kept = page('subscribed_apps > keeps the fields that are set already; told as success: true');
  const listed = page('subscribed_apps > lists apps with their fields; no app is an empty list');
  const token = page(
    "debug_token > is asked with the app's own token, and tells validity, end, scopes and Page",
  );
  const hook = page("the app's webhook > is written with object, callback_url, verify_token and fields");
  return [
    ...rows('Graph', 'endpoint', {
      [`GET ${SUBSCRIBED}`]: listed,
      [`POST ${SUBSCRIBED}`]: kept,
      'GET /debug_token': token,
      'GET /{app}/subscriptions': page("the app's webhook > is read in both forms of its fields"),
      'POST /{app}/subscriptions': hook,
    }),
    ...each(`${SUBSCRIBED} subscribed_fields`, 'value', CALLING_FIELDS, () => kept),
    ...rows(SUBSCRIBED, 'field', {
      'data[].id': listed,
      'data[].name': listed,
      'data[].subscribed_fields': listed,
    }),
    ...rows(SUBSCRIBED, 'reply', {
      'success: true': kept,
      'success: "true"': page(
        'subscribed_apps > keeps the fields that are set already; told as success: "true"',
      ),
      'no app: empty data': listed,
    }),
    ...each('simulator, subscribed', 'reply', PAGE_FORMS.subscribed, (form) =>
      sim('page')(`a simulated Page and its app > is subscribed to, told as ${form}, and keeps other fields`),
    ),
    ...rows('GET /debug_token', 'field', {
      input_token: token,
      'data.is_valid': token,
      'data.expires_at': page('debug_token > 0 as its end means that it has none'),
      'data.scopes': token,
      'data.profile_id': token,
    }),
    ...rows('POST /{app}/subscriptions', 'field', {
      object: hook,
      callback_url: hook,
      verify_token: hook,
      fields: hook,
    }),
  ];
}

function profileRows(): ContractRow[] {
  const whole = profile('a name > is taken whole');
  const parts = profile('a name > is taken in parts');
  const graph = sim('graph');
  return [
    ...rows('Graph', 'endpoint', { 'GET /{psid}': whole }),
    ...rows('GET /{psid}', 'field', {
      name: whole,
      first_name: parts,
      last_name: parts,
      'profile_pic (not asked for)': graph('the profile > has a picture, when it is asked for'),
    }),
    ...rows('GET /{psid}', 'rule', {
      'fewer fields when one cannot be read': profile(
        'a name > is asked for with fewer fields after a missing right',
      ),
      'one withheld field fails the whole request': graph(
        'the profile > has the fields asked for, and fails whole for one that is withheld or unknown',
      ),
      'a budget for all tries': profile('the budget of a look-up > holds as many tries as fit'),
      'not asked while the quota runs low': profile(
        'what calls come before > is not asked while the quota runs low, and again when that is a minute old',
      ),
    }),
  ];
}
