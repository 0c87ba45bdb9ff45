export { type Check, type ScreenModel, screenModel, selfTestModel } from './model.ts';
export { createScreen, type Screen } from './screen.ts';
export { LCD_HEIGHT, LCD_WIDTH } from './screens.ts';
